// SPDX-License-Identifier: LGPL-2.1-or-later
// A smoke run with a Firefox page; only in --full, because firefox-esr is a download of 80 MB and
// 300 MB installed that nothing else here needs.
import assert from 'node:assert/strict';

import {flowing} from '../behaviours/media.mjs';
import {transfer} from '../behaviours/transfer.mjs';
import {scenario} from '../harness/lab.mjs';
import {nativePair, pagePair} from '../harness/pairs.mjs';

const FIREFOX = {firefox: true};
const MIB = 1024 * 1024;

async function smoke(lab, pair) {
  const [page, other] = [await pair.page(lab), await pair.other(lab)];
  await lab.meet(page, other, {password: 'MuchoMaas'});
  for (const [from, to] of [[page, other], [other, page]]) {
    await lab.do(from, 'ping', {to: to.self});
    await transfer(lab, from, to, {size: 5 * MIB});
    await lab.do(from, 'add-media', {media: ['video', 'audio'], meta: {from: from.name}});
    const seen = await to.wait('stream', {peer: from.self});
    assert.deepEqual(seen.meta, {from: from.name});
    await flowing(lab, from, to);
  }
  await lab.do(page, 'leave');
  await other.wait('peer-leave', {peer: page.self}, {seconds: 3});
}

for (const pair of [pagePair('npm', FIREFOX), nativePair('00', FIREFOX), nativePair('zz', FIREFOX)]) {
  scenario(`Firefox: ${pair.label}`, {relay: pair.relay}, (lab) => smoke(lab, pair));
}
