// SPDX-License-Identifier: LGPL-2.1-or-later
// Going: leave and come back, be killed, the relay dies.
import assert from 'node:assert/strict';

import {sleep} from '../harness/actor.mjs';
import {scenario} from '../harness/lab.mjs';

const ROUNDS = 3;
// Two announcements or pokes of one second are the same event (trystero 0.25.4 signs whole seconds), so
// a relay or a peer that knows it drops the second one: a return within that second takes until the
// next of the announcements at 0, 0.23, 0.77 and 2.1 s. People are not that fast.
const SAME_SECOND = 1100;
const NATIVE_LOST = 25;  // seconds until a page notices a dead link: ICE some 8 s, trystero 5 s

async function leave(lab, goes, stays) {
  const before = stays.mark();
  await lab.do(goes, 'leave');
  await stays.wait('peer-leave', {peer: goes.self}, {from: before, seconds: 3});
}

/** `goes` leaves and joins again; the time of its second joinRoom to peer-join, in ms. */
async function leaveAndReturn(lab, goes, stays) {
  await sleep(SAME_SECOND);
  await leave(lab, goes, stays);
  // A page is in the room for 99 ms more and can even meet somebody then; that does not count.
  const [went, left] = [goes.mark(), stays.mark()];
  const {t} = await lab.join(goes);
  const back = await goes.wait('peer-join', {peer: stays.self}, {from: went});
  await stays.wait('peer-join', {peer: goes.self}, {from: left});
  await lab.do(goes, 'ping', {to: stays.self});
  return Math.round(back.t - t);
}

async function lost(lab, killed, witness, seconds) {
  const mark = witness.mark();
  const start = Date.now();
  killed.kill();
  await witness.wait('peer-leave', {peer: killed.self}, {from: mark, seconds});
  console.log(`${witness.name} noticed after ${((Date.now() - start) / 1000).toFixed(1)} s`);
  assert.equal(witness.all('peer-leave').length, 1, 'left once');
}

/** @param {import('../harness/pairs.mjs').Pair} pair */
export function leaveBehaviours(pair) {
  const {label, relay} = pair;
  const met = async (lab, own = false) => {
    const [page, other] = [await pair.page(lab, {own}), await pair.other(lab, undefined, {own})];
    await lab.meet(page, other);
    return [page, other];
  };

  for (const who of ['page', 'other']) {
    const sides = async (lab) => {
      const [page, other] = await met(lab);
      return who === 'page' ? [page, other] : [other, page];
    };
    if (!pair.returns) {
      scenario(`${label}: the ${who} leaves`, {relay}, async (lab) => leave(lab, ...await sides(lab)));
      continue;
    }
    scenario(`${label}: the ${who} leaves and returns`, {relay}, async (lab) => {
      const [goes, stays] = await sides(lab);
      const times = [];
      for (let i = 0; i < ROUNDS; i++) {
        times.push(await leaveAndReturn(lab, goes, stays));
      }
      console.log(`${who} back after ${times.join(', ')} ms`);
    });
  }

  scenario(`${label}: the page is reloaded`, {relay}, async (lab) => {
    const [page, other] = await met(lab);
    const before = page.self;
    await page.open(page.page.url());
    await lab.join(page);
    await lab.met(page, other);
    await other.wait('peer-leave', {peer: before}, {seconds: pair.lossSeconds});
  });

  scenario(`${label}: the page is killed`, {relay}, async (lab) => {
    const [page, other] = await met(lab, true);
    await lost(lab, page, other, pair.lossSeconds);
  });

  if (pair.native) {  // of two pages one is like the other
    scenario(`${label}: the other is killed and the page sees it`, {relay}, async (lab) => {
      const [page, other] = await met(lab, true);
      await lost(lab, other, page, NATIVE_LOST);
    });
  }

  scenario(`${label}: the relay dies and nobody is lost`, {relay}, async (lab) => {
    const [page, other] = await met(lab);
    await lab.relays[0].close('SIGKILL');
    for (const [from, to] of [[page, other], [other, page]]) {
      await lab.do(from, 'ping', {to: to.self});
    }
    assert.equal(page.all('peer-leave').length + other.all('peer-leave').length, 0);
  });
}
