// SPDX-License-Identifier: LGPL-2.1-or-later
// The path between a page and a process breaks while the relay stays within reach. Needs a network
// namespace of its own (run.mjs makes one), in which no other packet can be hit.
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';

import {sleep, until} from '../harness/actor.mjs';
import {scenario} from '../harness/lab.mjs';
import {launch, met, metBothWays, pieces} from '../harness/lines.mjs';
import {RATE, READ, SMALL, inOrder, numberedLine, readNumber} from './painted.mjs';

const SHORT_CUT = 4000;  // ms
// Seconds. Without media Chromium calls a path broken after some 8, and trystero waits for 5 more; only then
// does the page let go of the old connection and hear us.
const PAGE_LETS_GO = 25;

const nft = (...rule) => execFileSync('nft', rule);

/** @param {string[]} which packets; all without */
function cut(...which) {
  nft('add', 'table', 'inet', 'cut');
  nft('add', 'chain', 'inet', 'cut', 'in', '{ type filter hook input priority 0; }');
  nft('add', 'rule', 'inet', 'cut', 'in', 'meta', 'l4proto', 'udp', ...which, 'drop');
}
const loseEach = (nth) => cut('numgen', 'inc', 'mod', String(nth), '<', '1');
const heal = () => nft('delete', 'table', 'inet', 'cut');

const whileCut = async (body) => {
  cut();
  try {
    return await body();
  } finally {
    heal();
  }
};

/** A page and a line that show each other pictures. */
export function brokenPictures() {
  const BACK = 5;  // seconds
  const SOUND = 'audiotestsrc is-live=true';

  scenario('each twentieth packet between a page and a line is lost, and no picture', {relay: 'signald'}, async (lab) => {
    const page = await lab.page();
    await lab.join(page);
    const line = await metBothWays(lab, page, launch(lab, 'line', `${numberedLine(lab, 'vp8')} peer=me name=s ${SOUND} ! s.audio_0 ` +
        `genosroomsrc name=r ROOM peer=me codecs=h264,vp8 r.video_0 ! ${READ} r.audio_0 ! audioconvert ! fakesink`));
    const pictures = pieces(line.child.stdout, SMALL * SMALL);
    await lab.do(page, 'add-media', {media: ['video', 'audio'], source: 'numbered'});
    const {stream} = await page.wait('stream', {peer: line.self});
    await page.wait('shown', {peer: line.self});
    await until(async () => pictures.length, (count) => count > RATE, 'the page at the line');
    const [before, begun] = [await lab.do(page, 'media-stats', {peer: line.self}), pictures.length];
    loseEach(20);
    try {
      const {frames} = await lab.do(page, 'painted', {stream, seconds: 10});
      inOrder(frames.map(({number}) => number), 0.02);
    } finally {
      heal();
    }
    const seen = pictures.slice(begun);
    inOrder(seen.map(({data}) => readNumber(data)), 0.02);
    const gaps = seen.slice(1).map(({at}, n) => at - seen[n].at);
    const after = await lab.do(page, 'media-stats', {peer: line.self});
    console.log(`the page was sent ${after.video.repaired - before.video.repaired} again and froze ${after.video.freezes - before.video.freezes} times; longest wait at the line ${Math.round(Math.max(...gaps))} ms; ` +
        `${after.audio.packets - before.audio.packets} packets of sound`);
    assert.ok(after.video.repaired - before.video.repaired > 5, 'of some 12 that were lost');
    assert.equal(after.video.freezes, before.video.freezes);
    assert.ok(Math.max(...gaps) < 300);
    assert.ok(after.audio.packets - before.audio.packets > 400, 'of 500');
  });

  scenario('a page sees a line again after a cut, and after one that cost the connection', {relay: 'signald'}, async (lab) => {
    const page = await lab.page();
    await lab.join(page);
    const line = await met(page, launch(lab, 'line', `${numberedLine(lab, 'vp8')} name=s ${SOUND} ! s.audio_0`));
    await page.wait('shown', {peer: line.self});
    const frames = async () => (await lab.do(page, 'media-stats', {peer: line.self})).video.frames;
    await whileCut(() => sleep(SHORT_CUT));
    const [still, healed] = [await frames(), Date.now()];
    await until(frames, (count) => count > still + RATE, 'a second of pictures after the cut', BACK);
    console.log(`a second of pictures ${Date.now() - healed} ms after a cut of ${SHORT_CUT} ms`);
    const mark = page.mark();
    await whileCut(() => page.wait('peer-leave', {peer: line.self}, {seconds: PAGE_LETS_GO}));
    const back = Date.now();
    const {stream} = await page.wait('stream', {peer: line.self}, {from: mark, seconds: BACK});
    await page.wait('shown', {stream}, {from: mark, seconds: BACK});
    console.log(`and shown ${Date.now() - back} ms after one that cost the connection`);
    assert.ok(Date.now() - back < BACK * 1000);
    const {frames: numbers} = await lab.do(page, 'painted', {stream, seconds: 2});
    inOrder(numbers.map(({number}) => number), 0.02);
  });
}

/** @param {import('../harness/pairs.mjs').Pair} pair */
export function brokenBehaviours(pair) {
  const {label, relay} = pair;
  const met = async (lab) => {
    const [page, other] = [await pair.page(lab), await pair.other(lab)];
    await lab.meet(page, other);
    return [page, other];
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
