// SPDX-License-Identifier: LGPL-2.1-or-later
// Messages of every kind and size, pings, requests.
import assert from 'node:assert/strict';

import {scenario} from '../harness/lab.mjs';
import {pattern, sha256} from '../page/bytes.js';

const CHUNK = 16384 - 36;  // payload bytes of one chunk of an action
const META = {name: 'Grüße ✨', list: [1, null, {deep: true}], n: -1.5};

const texts = ['hello', '', 'Grüße ✨ 𝄞\u0000 "quoted" \\ /', 'x'.repeat(3 * CHUNK + 1)];
const values = [{hello: 'there', n: 1}, [], [1, 'two', null], 42, -0.5, true, false, null,
                {big: 'y'.repeat(2 * CHUNK)}];
const sizes = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 100_000];

async function cases() {
  const bytes = await Promise.all(sizes.map(async (size) => ({
    send: {kind: 'bytes', size, seed: size + 7},
    expect: {kind: 'bytes', size, sha256: await sha256(pattern(size, size + 7))},
  })));
  const plain = (value) => ({send: value, expect: value});
  return [...texts.map((text) => plain({kind: 'text', text})),
          ...values.map((json) => plain({kind: 'json', json})), ...bytes];
}

const FIELDS = ['channel', 'peer', 'kind', 'text', 'json', 'size', 'sha256', 'meta'];
const listed = (events) =>
    events.map((event) => JSON.stringify(FIELDS.map((key) => event[key] ?? null))).sort();

/** Sends every case, with and without metadata, and compares what arrives. */
async function sendAll(lab, from, to) {
  const channel = 'every kind';
  for (const actor of [from, to]) await lab.do(actor, 'channel', {channel});
  const expected = [];
  for (const meta of [undefined, META]) {
    for (const {send, expect} of await cases()) {
      await lab.do(from, 'send', {channel, ...send, meta, to: [to.self]});
      expected.push({channel, peer: from.self, ...expect, meta});
    }
  }
  await to.wait('message', () => to.all('message').length >= expected.length);
  // A page hashes asynchronously, so its reports may overtake each other: compared as sets.
  assert.deepEqual(listed(to.all('message')), listed(expected));
}

async function requests(lab, asker, responder) {
  const ask = (channel, fields) => lab.do(asker, 'request', {channel, to: responder.self, ...fields});
  for (const answer of ['echo', 'fail', 'never']) {
    for (const actor of [asker, responder]) await lab.do(actor, 'channel', {channel: answer, answer});
  }
  const echoed = await ask('echo', {kind: 'json', json: {q: 1}, meta: META});
  assert.deepEqual([echoed.kind, echoed.json], ['json', {q: 1}]);
  const asked = await responder.wait('request', {channel: 'echo'});
  assert.deepEqual([asked.peer, asked.json, asked.meta], [asker.self, {q: 1}, META]);
  const data = await ask('echo', {kind: 'bytes', size: 50_000, seed: 3});
  assert.equal(data.sha256, await sha256(pattern(50_000, 3)));
  await assert.rejects(ask('fail', {kind: 'text', text: 'please'}), /refused by the test/);
  await assert.rejects(ask('never', {kind: 'text', text: '', timeout: 700}), /tim(e|ed) ?out/i);
}

/** @param {import('../harness/pairs.mjs').Pair} pair */
export function messageBehaviours(pair) {
  const {label, relay} = pair;
  const both = async (lab) => {
    const [page, other] = [await pair.page(lab), await pair.other(lab)];
    await lab.meet(page, other);
    return [page, other];
  };

  scenario(`${label}: every kind of message from the page`, {relay}, async (lab) => {
    const [page, other] = await both(lab);
    await sendAll(lab, page, other);
  });

  scenario(`${label}: every kind of message to the page`, {relay}, async (lab) => {
    const [page, other] = await both(lab);
    await sendAll(lab, other, page);
  });

  scenario(`${label}: messages stay in order`, {relay}, async (lab) => {
    const [page, other] = await both(lab);
    for (const actor of [page, other]) await lab.do(actor, 'channel', {channel: 'order'});
    const numbers = Array.from({length: 200}, (_, i) => i);
    for (const [from, to] of [[page, other], [other, page]]) {
      await Promise.all(numbers.map((json) => lab.do(from, 'send', {channel: 'order', kind: 'json', json})));
      await to.wait('message', () => to.all('message').length >= numbers.length);
      assert.deepEqual(to.all('message').map(({json}) => json), numbers);
    }
  });

  scenario(`${label}: pings`, {relay}, async (lab) => {
    const [page, other] = await both(lab);
    for (const [from, to] of [[page, other], [other, page]]) {
      const {ms} = await lab.do(from, 'ping', {to: to.self});
      assert.ok(ms >= 0 && ms < 2000, `${ms} ms`);
    }
  });

  scenario(`${label}: requests from the page`, {relay}, async (lab) => {
    const [page, other] = await both(lab);
    await requests(lab, page, other);
  });

  scenario(`${label}: requests to the page`, {relay}, async (lab) => {
    const [page, other] = await both(lab);
    await requests(lab, other, page);
  });
}
