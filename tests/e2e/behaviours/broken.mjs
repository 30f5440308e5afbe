// SPDX-License-Identifier: LGPL-2.1-or-later
// The path between a page and a process breaks while the relay stays within reach. Needs a network
// namespace of its own (run.mjs makes one), in which no other packet can be hit.
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';

import {sleep} from '../harness/actor.mjs';
import {scenario} from '../harness/lab.mjs';

const SHORT_CUT = 4000;  // ms
// Seconds. Chromium calls a silent path broken after some 8, and trystero waits for 5 more; only then
// does the page let go of the old connection and hear us.
const PAGE_LETS_GO = 25;

const nft = (...rule) => execFileSync('nft', rule);

function cut() {
  nft('add', 'table', 'inet', 'cut');
  nft('add', 'chain', 'inet', 'cut', 'out', '{ type filter hook output priority 0; }');
  nft('add', 'rule', 'inet', 'cut', 'out', 'meta', 'l4proto', 'udp', 'drop');
}
const heal = () => nft('delete', 'table', 'inet', 'cut');

/** @param {import('../harness/pairs.mjs').Pair} pair */
export function brokenBehaviours(pair) {
  const {label, relay} = pair;
  const met = async (lab) => {
    const [page, other] = [await pair.page(lab), await pair.other(lab)];
    await lab.meet(page, other);
    return [page, other];
  };
  const whileCut = async (body) => {
    cut();
    try {
      return await body();
    } finally {
      heal();
    }
  };

  scenario(`${label}: a cut of ${SHORT_CUT / 1000} s costs nobody a connection`, {relay},
           async (lab) => {
    const [page, other] = await met(lab);
    await whileCut(() => sleep(SHORT_CUT));
    await lab.do(page, 'ping', {to: other.self});
    await lab.do(other, 'ping', {to: page.self});
    assert.equal(page.all('peer-leave').length + other.all('peer-leave').length, 0);
  });

  scenario(`${label}: a connection that broke is made anew`, {relay}, async (lab) => {
    const [page, other] = await met(lab);
    const [pageFrom, otherFrom] = [page.mark(), other.mark()];
    const start = Date.now();
    const after = () => ((Date.now() - start) / 1000).toFixed(1);
    await whileCut(() => other.wait('peer-leave', {peer: page.self},
                                    {from: otherFrom, seconds: pair.lossSeconds + 1}));
    console.log(`we closed it ${after()} s after the cut began`);
    await page.wait('peer-leave', {peer: other.self}, {from: pageFrom, seconds: PAGE_LETS_GO});
    const letGo = Date.now();
    console.log(`the page let go of it after ${after()} s`);
    await page.wait('peer-join', {peer: other.self}, {from: pageFrom});
    await other.wait('peer-join', {peer: page.self}, {from: otherFrom});
    console.log(`they met again ${((Date.now() - letGo) / 1000).toFixed(1)} s after that`);
    await lab.do(page, 'ping', {to: other.self});
  });
}
