// SPDX-License-Identifier: LGPL-2.1-or-later
// Pages and native peers whose ids start with 00: we offer, the page is the polite side.
import {nativePair} from '../harness/pairs.mjs';
import {everything} from '../harness/suite.mjs';

everything(nativePair('00'));
