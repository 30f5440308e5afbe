// SPDX-License-Identifier: LGPL-2.1-or-later
// genos-signald carries unmodified pages that meet nobody else.
import {joinBehaviours} from '../behaviours/join.mjs';
import {leaveBehaviours} from '../behaviours/leave.mjs';
import {pagePair} from '../harness/pairs.mjs';

const pair = pagePair('signald');
joinBehaviours(pair);
leaveBehaviours(pair);
