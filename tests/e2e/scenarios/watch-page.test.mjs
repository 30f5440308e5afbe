// SPDX-License-Identifier: LGPL-2.1-or-later
// The page that our relays serve, as people use it.
import {watchBehaviours} from '../behaviours/watching.mjs';

watchBehaviours();
