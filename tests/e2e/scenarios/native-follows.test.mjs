// SPDX-License-Identifier: LGPL-2.1-or-later
// Pages and native peers whose ids start with zz: the page offers, we answer.
import {nativePair} from '../harness/pairs.mjs';
import {everything} from '../harness/suite.mjs';

everything(nativePair('zz'));
