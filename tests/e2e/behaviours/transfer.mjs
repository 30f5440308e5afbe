// SPDX-License-Identifier: LGPL-2.1-or-later
// 50 MiB each way: intact, with progress, and the room stays usable meanwhile.
import assert from 'node:assert/strict';

import {scenario} from '../harness/lab.mjs';
import {pattern, sha256} from '../page/bytes.js';

const SIZE = 50 * 1024 * 1024;
const LIMIT = 90;  // seconds; two pages need about 10 on two idle cores

/** One transfer with its checks. @returns {Promise<number>} MiB per second, send to whole arrival */
export async function transfer(lab, from, to, {size = SIZE, seed = 99, seconds = LIMIT} = {}) {
  const channel = 'file';
  for (const actor of [from, to]) await lab.do(actor, 'channel', {channel});
  const [mark, sentMark] = [to.mark(), from.mark()];
  const meta = {name: 'holiday.mkv'};
  const sending = lab.do(from, 'send', {channel, kind: 'bytes', size, seed, meta, progress: true});
  const [{t}, message] = await Promise.all(
      [sending, to.wait('message', {channel, kind: 'bytes'}, {from: mark, seconds})]);
  assert.equal(message.size, size);
  assert.equal(message.sha256, await sha256(pattern(size, seed)));
  assert.deepEqual(message.meta, meta);
  // A browser may hand its reports of progress over later than the answer to a command (Firefox does).
  const whole = (actor, since, sent) => actor.wait(
      'progress', (e) => e.channel === channel && !!e.sent === sent && e.fraction === 1, {from: since});
  await Promise.all([whole(to, mark, false), whole(from, sentMark, true)]);
  const progress = to.all('progress', {channel}).filter((e) => !e.sent);
  assert.ok(progress.length >= 20, `${progress.length} reports of progress`);
  assert.ok(progress.every((e) => !e.back && e.peer === from.self), 'progress never goes back');
  assert.deepEqual(progress[0].meta, meta);
  return size / 1024 / 1024 / ((message.t - t) / 1000);
}

/** @param {import('../harness/pairs.mjs').Pair} pair */
export function transferBehaviours(pair) {
  const {label, relay} = pair;
  for (const direction of ['from', 'to']) {
    scenario(`${label}: 50 MiB ${direction} the page`, {relay, limit: 180_000}, async (lab) => {
      const [page, other] = [await pair.page(lab), await pair.other(lab)];
      await lab.meet(page, other);
      const rate = await transfer(lab, ...(direction === 'from' ? [page, other] : [other, page]));
      console.log(`50 MiB ${direction} the page: ${rate.toFixed(1)} MiB/s`);
      await lab.do(page, 'ping', {to: other.self});
    });
  }
}
