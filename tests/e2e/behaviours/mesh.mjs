// SPDX-License-Identifier: LGPL-2.1-or-later
// Two pages and two others in one room.
import assert from 'node:assert/strict';

import {scenario} from '../harness/lab.mjs';

/** @param {import('../harness/pairs.mjs').Pair} pair */
export function meshBehaviours(pair) {
  scenario(`${pair.label}: four in one room`, {relay: pair.relay}, async (lab) => {
    const all = [await pair.page(lab), await pair.page(lab),
                 await pair.other(lab, 'third'), await pair.other(lab, 'fourth')];
    all.slice(0, 2).forEach((page, i) => (page.name = `page ${i + 1}`));
    await Promise.all(all.map((actor) => lab.join(actor)));
    await lab.met(...all);
    await Promise.all(all.map((actor) => lab.do(actor, 'channel', {channel: 'all'})));
    for (const from of all) {
      await lab.do(from, 'send', {channel: 'all', kind: 'text', text: `from ${from.name}`});
      await Promise.all(all.filter((actor) => actor !== from).map((actor) =>
          actor.wait('message', {peer: from.self, text: `from ${from.name}`})));
    }
    const [leaver, ...rest] = all;
    await lab.do(leaver, 'leave');
    await Promise.all(rest.map((actor) => actor.wait('peer-leave', {peer: leaver.self})));
    for (const actor of rest) {
      const {peers} = await lab.do(actor, 'peers');
      const others = rest.filter((one) => one !== actor).map(({self}) => self);
      assert.deepEqual([...peers].sort(), others.sort());
    }
  });
}
