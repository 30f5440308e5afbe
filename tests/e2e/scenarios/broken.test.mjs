// SPDX-License-Identifier: LGPL-2.1-or-later
// Paths between a page and a process that break.
import {brokenBehaviours, brokenPictures} from '../behaviours/broken.mjs';
import {nativePair} from '../harness/pairs.mjs';

brokenPictures();
brokenBehaviours(nativePair('00'));
brokenBehaviours(nativePair('zz'));
