// SPDX-License-Identifier: LGPL-2.1-or-later
// Two unmodified pages over the npm relay: proves the harness and every behaviour that native peers
// are held to afterwards.
import {pagePair} from '../harness/pairs.mjs';
import {everything} from '../harness/suite.mjs';

everything(pagePair('npm'));
