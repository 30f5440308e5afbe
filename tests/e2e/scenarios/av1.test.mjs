// SPDX-License-Identifier: LGPL-2.1-or-later
// AV1 of genosav1enc and genosrtpav1pay in a page, and a page's in genosrtpav1depay and genosav1dec.
import assert from 'node:assert/strict';

import {flowing, send} from '../behaviours/media.mjs';
import {nativePair} from '../harness/pairs.mjs';
import {scenario} from '../harness/lab.mjs';

const AV1 = 'video/AV1';

for (const prefix of ['00', 'zz']) {
  const {label, relay, ...pair} = nativePair(prefix);
  scenario(`${label}: AV1 both ways`, {relay}, async (lab) => {
    const [page, other] = [await pair.page(lab), await pair.other(lab)];
    await lab.meet(page, other);
    for (const [from, to] of [[other, page], [page, other]]) {
      await send(lab, from, to, 'canvas', AV1);
      const {video} = await flowing(lab, from, to);
      assert.equal(video.codec, AV1);
      assert.deepEqual([video.width, video.height], [320, 240]);
    }
  });
}
