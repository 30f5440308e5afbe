// SPDX-License-Identifier: LGPL-2.1-or-later
// All behaviours for one pair.
import {joinBehaviours} from '../behaviours/join.mjs';
import {leaveBehaviours} from '../behaviours/leave.mjs';
import {mediaBehaviours} from '../behaviours/media.mjs';
import {meshBehaviours} from '../behaviours/mesh.mjs';
import {messageBehaviours} from '../behaviours/messages.mjs';
import {transferBehaviours} from '../behaviours/transfer.mjs';

/** @param {import('./pairs.mjs').Pair} pair */
export function everything(pair) {
  joinBehaviours(pair);
  messageBehaviours(pair);
  leaveBehaviours(pair);
  mediaBehaviours(pair);
  meshBehaviours(pair);
  transferBehaviours(pair);
}
