// SPDX-License-Identifier: LGPL-2.1-or-later
// A smoke run with a Firefox page; only in --full, because firefox-esr is a download of 80 MB and
// 300 MB installed that nothing else here needs.
import assert from 'node:assert/strict';

import {flowing} from '../behaviours/media.mjs';
import {transfer} from '../behaviours/transfer.mjs';
import {until} from '../harness/actor.mjs';
import {scenario} from '../harness/lab.mjs';
import {LOUD, launch, loudest, met, metBothWays, pieces} from '../harness/lines.mjs';
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

const SOUND = 'audiotestsrc is-live=true ! s.audio_0';
const PICTURE = 'videotestsrc is-live=true pattern=ball ! video/x-raw,width=320,height=240,framerate=30/1 ! s.video_0';

for (const codec of ['av1', 'vp8', 'h264']) {
  scenario(`Firefox watches a line in ${codec}`, {relay: 'signald'}, async (lab) => {
    const page = await lab.page('page', FIREFOX);
    await lab.join(page);
    const line = await met(page, launch(lab, 'sink',
        `${PICTURE} ${SOUND} genosroomsink name=s ROOM title=door ladder=240p:${codec}`));
    const seen = await page.wait('stream', {peer: line.self});
    assert.deepEqual(seen.meta, {title: 'door'});
    await page.wait('shown', {peer: line.self});
    const {video, audio} = await flowing(lab, line, page);
    console.log(JSON.stringify([video, audio]));
  });
}

const SMALL = 'videoconvert ! videoscale ! video/x-raw,format=GRAY8,width=16,height=16';

scenario('a line watches Firefox, which mutes itself and is heard again', {relay: 'signald'}, async (lab) => {
  const page = await lab.page('page', FIREFOX);
  await lab.join(page);
  const line = await metBothWays(lab, page, launch(lab, 'src', `genosroomsrc name=r ROOM r.video_0 ! ${SMALL} ! fdsink ` +
      'r.audio_0 ! audioconvert ! audioresample ! audio/x-raw,format=S16LE,channels=1,rate=8000 ! fdsink fd=3'));
  const pictures = pieces(line.child.stdout, 16 * 16), sounds = pieces(line.child.stdio[3], 1600);
  const {stream} = await lab.do(page, 'add-media', {media: ['video', 'audio']});
  const heard = (what, is) => until(async () => sounds.slice(-5).map(({data}) => loudest(data)),
      (last) => last.length === 5 && last.every(is), what);
  await heard('Firefox', (most) => most > LOUD);
  await until(async () => pictures.length, (count) => count > 40, 'pictures');
  await lab.do(page, 'mute-media', {stream, kind: 'audio', muted: true});
  await heard('silence', (most) => most < LOUD / 100);
  await lab.do(page, 'mute-media', {stream, kind: 'audio', muted: false});
  await heard('Firefox again', (most) => most > LOUD);
  assert.deepEqual(page.all('peer-leave'), []);
});

scenario('Firefox and a line show each other', {relay: 'signald'}, async (lab) => {
  const page = await lab.page('page', FIREFOX);
  await lab.join(page);
  const line = await metBothWays(lab, page, launch(lab, 'call', `${PICTURE} ${SOUND} genosroomsink name=s peer=me ROOM ` +
      `genosroomsrc name=r peer=me ROOM r.video_0 ! ${SMALL} ! fdsink r.audio_0 ! fakesink`));
  const pictures = pieces(line.child.stdout, 16 * 16);
  await lab.do(page, 'add-media', {media: ['video', 'audio']});
  await flowing(lab, line, page);
  await until(async () => pictures.length, (count) => count > 40, 'pictures');
  await flowing(lab, line, page);
  assert.deepEqual(page.all('peer-leave'), []);
});

scenario('the watch page in Firefox', {relay: 'signald'}, async (lab) => {
  const page = await lab.watchPage('page', undefined, FIREFOX);
  await page.shows('#state', /^connected$/);
  launch(lab, 'sink', `${PICTURE} ${SOUND} genosroomsink name=s title=door ice-servers=none room=${lab.room} ` +
      `signaling=${lab.relays[0].signaling}`);
  const seen = await page.plays('door');
  assert.deepEqual([seen.width, seen.height], [320, 240]);
  const measured = await until(() => page.figures(), (all) => Object.values(all).every((each) => each !== '–'),
      'the figures come');
  assert.equal(measured.Resolution, '320 × 240');
  await page.press('.tile button[aria-pressed]');
  await page.shows('.tile button[aria-pressed]', /Stop recording/);
  await page.plays('door');
  await page.press('.tile button[aria-pressed]');
  const [blob] = await until(() => page.saved(), (all) => all.length > 0, 'the recording is saved');
  assert.deepEqual([blob.type, blob.head], ['video/webm', '1a45dfa3']);
  await page.say('hello from Firefox');
  await page.shows('#chat', /hello from Firefox/);
  await page.picture('firefox');
  assert.deepEqual(page.problems, []);
  assert.deepEqual(page.all('violation'), []);
});
