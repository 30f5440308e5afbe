// SPDX-License-Identifier: LGPL-2.1-or-later
// Finding each other: either first, with, without and with different passwords, hidden addresses.
import assert from 'node:assert/strict';

import {sleep} from '../harness/actor.mjs';
import {scenario} from '../harness/lab.mjs';
import {startRelay} from '../harness/relay.mjs';

/** Long enough for the announcements of the first two seconds and a handshake after them. */
const NOBODY_COMES = 4000;

/** @param {import('../harness/pairs.mjs').Pair} pair */
export function joinBehaviours(pair) {
  const {label, relay} = pair;

  for (const first of ['page', 'other']) {
    scenario(`${label}: the ${first} is there first`, {relay}, async (lab) => {
      const actors = {page: await pair.page(lab), other: await pair.other(lab)};
      const [early, late] = first === 'page' ? [actors.page, actors.other]
                                             : [actors.other, actors.page];
      await lab.join(early);
      await sleep(1500);
      const {t} = await lab.join(late);
      await lab.met(early, late);
      const joined = await late.wait('peer-join');
      console.log(`newcomer linked after ${Math.round(joined.t - t)} ms`);
      assert.equal(early.all('peer-join').length, 1, 'joined once');
      assert.equal(late.all('peer-join').length, 1, 'joined once');
    });
  }

  scenario(`${label}: the same password`, {relay}, async (lab) => {
    const [page, other] = [await pair.page(lab), await pair.other(lab)];
    await lab.meet(page, other, {password: 'pässwörd:with:colons'});
    assert.equal(page.all('join-error').length + other.all('join-error').length, 0);
  });

  for (const [what, ours] of [['another password', 'MuchoMaa$'], ['no password', undefined]]) {
    scenario(`${label}: a password against ${what}`, {relay}, async (lab) => {
      const [page, other] = [await pair.page(lab), await pair.other(lab)];
      await lab.join(page, {password: 'MuchoMaas'});
      await lab.join(other, {password: ours});
      const refused = await Promise.any([page.wait('join-error'), other.wait('join-error')]);
      assert.match(refused.error, /password/);
      await sleep(NOBODY_COMES);
      assert.deepEqual([...page.all('peer-join'), ...other.all('peer-join')], []);
    });
  }

  scenario(`${label}: rooms and applications are apart`, {relay}, async (lab) => {
    const [page, other] = [await pair.page(lab), await pair.other(lab)];
    await lab.join(page);
    await lab.join(other, {room: `${lab.room}-elsewhere`});
    await lab.join(other, {app: 'another-app', room: lab.room});
    await sleep(NOBODY_COMES);
    assert.deepEqual([...page.all('peer-join'), ...other.all('peer-join')], []);
  });

  scenario(`${label}: two relays, and one of them dies`, {relay}, async (lab) => {
    lab.relays.push(await startRelay(relay));
    const [page, other] = [await pair.page(lab), await pair.other(lab)];
    await lab.meet(page, other);
    await sleep(1000);  // what came over the second relay has been heard by now
    for (const actor of [page, other]) assert.equal(actor.all('peer-join').length, 1, 'joined once');
    await lab.relays[0].close('SIGKILL');
    const late = await pair.other(lab, 'late');
    await lab.join(late);
    await lab.met(page, other, late);
  });

  scenario(`${label}: a page that shows only mDNS names`, {relay}, async (lab) => {
    const [page, other] = [await pair.page(lab, {mdns: true}), await pair.other(lab)];
    await lab.meet(page, other);
    const {types} = await lab.do(page, 'addresses', {peer: other.self});
    assert.deepEqual(types.filter((type) => type === 'host'), [], 'no address is shown');
    await lab.do(page, 'ping', {to: other.self});
  });

  scenario(`${label}: a page that does not trickle`, {relay}, async (lab) => {
    const [page, other] = [await pair.page(lab), await pair.other(lab)];
    await lab.join(page, {trickle: false});
    await lab.join(other);
    await lab.met(page, other);
  });
}
