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
  const mark = to.mark();
  const meta = {name: 'holiday.mkv'};
  const sending = lab.do(from, 'send', {channel, kind: 'bytes', size, seed, meta, progress: true});
  const [{t}, message] = await Promise.all(
      [sending, to.wait('message', {channel, kind: 'bytes'}, {from: mark, seconds})]);
  assert.equal(message.size, size);
  assert.equal(message.sha256, await sha256(pattern(size, seed)));
  assert.deepEqual(message.meta, meta);
  const progress = to.all('progress', {channel}).filter((e) => !e.sent);
  assert.ok(progress.length >= 20, `${progress.length} reports of progress`);
  assert.equal(progress.at(-1).fraction, 1);
  assert.ok(progress.every((e) => !e.back && e.peer === from.self), 'progress never goes back');
  assert.deepEqual(progress[0].meta, meta);
  assert.equal(from.all('progress', {channel, sent: true}).at(-1).fraction, 1);
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
