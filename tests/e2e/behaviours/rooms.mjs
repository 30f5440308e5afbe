// SPDX-License-Identifier: LGPL-2.1-or-later
// Pages watch lines with genosroomsink, and lines with genosroomsrc watch pages.
import assert from 'node:assert/strict';
import {existsSync, statSync} from 'node:fs';
import {join} from 'node:path';

import {sleep, until} from '../harness/actor.mjs';
import {scenario} from '../harness/lab.mjs';
import {IN_STEP, changingLine, launch, met} from '../harness/lines.mjs';
import {flowing} from './media.mjs';

const PICTURE = 'videotestsrc is-live=true pattern=ball ! video/x-raw,width=320,height=240,framerate=30/1';
const SOUND = 'audiotestsrc is-live=true';

const SMALL = 'videoconvert ! videoscale ! video/x-raw,format=GRAY8,width=16,height=16 ! fdsink';
const WATCHING = `genosroomsrc name=r ROOM r.video_0 ! ${SMALL} r.audio_0 ! audioconvert ! fakesink`;

/** Waits until the line has written forty pictures at least: a character of its output, which is
 *  read as text, stands for one byte or more. */
const shown = (line) => line.wait('output', () =>
    line.all('output').reduce((sum, each) => sum + each.text.length, 0) > 40 * 16 * 16);

export function roomBehaviours() {
  scenario('a page watches a line', {relay: 'signald'}, async (lab) => {
    const page = await lab.page();
    await lab.join(page);
    const line = await met(page, launch(lab, 'sink',
        `${PICTURE} ! s.video_0 ${SOUND} ! s.audio_0 genosroomsink name=s ROOM title=door`));
    const seen = await page.wait('stream', {peer: line.self});
    assert.deepEqual(seen.meta, {title: 'door'});
    assert.deepEqual([...seen.tracks].sort(), ['audio', 'video']);
    const {video} = await flowing(lab, line, page);
    assert.deepEqual([video.codec, video.width, video.height], ['video/AV1', 320, 240]);
  });

  scenario('a page is told that one track of a line has ended, and hears the other', {relay: 'signald'}, async (lab) => {
    const page = await lab.page();
    await lab.join(page);
    const line = await met(page, launch(lab, 'sink',
        `${PICTURE} ! identity eos-after=120 ! s.video_0 ${SOUND} ! s.audio_0 genosroomsink name=s ROOM`));
    const {kind} = await page.wait('track-end', {peer: line.self});
    assert.equal(kind, 'video');
    const heard = async () => (await lab.do(page, 'media-stats', {peer: line.self})).audio.packets;
    const before = await heard();
    await until(heard, (packets) => packets > before + 50, 'a second of sound');
    assert.deepEqual(page.all('peer-leave'), []);
  });

  scenario('streams of a running line come and go while a page watches another of them', {relay: 'signald'}, async (lab) => {
    const page = await lab.page('page');
    await lab.join(page);
    const line = await met(page, changingLine(lab));
    const comes = async (watcher, from) => {
      const {stream} = await watcher.wait('stream', {peer: line.self}, {from});
      await watcher.wait('shown', {stream});
      return stream;
    };
    let mark = page.mark();
    line.add('video_0', `${PICTURE} ! queue`);
    line.add('audio_0', SOUND);
    const first = await comes(page, mark);
    await flowing(lab, line, page);
    for (const turn of [1, 2]) {
      mark = page.mark();
      line.add('video_1', `${PICTURE} ! queue`);
      const second = await comes(page, mark);
      assert.notEqual(second, first, `turn ${turn}`);
      if (turn === 2) break;
      line.takeAway('video_1');
      await page.wait('track-end', {stream: second});
      await flowing(lab, line, page);
    }
    assert.deepEqual(page.all('track-end', {stream: first}), [], 'the first is there');
    const late = await lab.page('late');
    await lab.join(late);
    await late.wait('peer-join', {peer: line.self});
    await until(async () => late.all('shown', {peer: line.self}), (all) => all.length === 2, 'both streams, late');
    line.takeAway('video_0');
    line.takeAway('audio_0');
    for (const watcher of [page, late]) {
      await until(async () => watcher.all('track-end', {peer: line.self}), (all) => all.length >= 2, 'the first ends');
      const frames = async () => (await lab.do(watcher, 'media-stats', {peer: line.self})).video.frames;
      const before = await frames();
      await until(frames, (count) => count > before + 40 || count < before, 'the second goes on');
      assert.deepEqual(watcher.all('peer-leave'), []);
    }
    assert.deepEqual(line.all('error'), []);
  });

  scenario('sound that a line begins later joins the picture that a page shows', {relay: 'signald'}, async (lab) => {
    const page = await lab.page('page');
    await lab.join(page);
    const line = await met(page, changingLine(lab));
    line.add('video_0', `${PICTURE} ! queue`);
    const {stream} = await page.wait('stream', {peer: line.self});
    await page.wait('shown', {stream});
    const heard = async () => (await lab.do(page, 'media-stats', {peer: line.self})).audio.packets;
    for (const turn of [1, 2]) {
      const mark = page.mark();
      line.add('audio_0', SOUND);
      await page.wait('track-begin', {stream, kind: 'audio'}, {from: mark});
      const before = await heard();
      await until(heard, (packets) => packets > before + 50, `a second of sound, ${turn}`);
      line.takeAway('audio_0');
      await page.wait('track-end', {stream, kind: 'audio'}, {from: mark});
    }
    const seen = async () => (await lab.do(page, 'media-stats', {peer: line.self})).video.frames;
    const before = await seen();
    await until(seen, (frames) => frames > before + 25, 'a second of pictures');
    assert.deepEqual(new Set(page.all('stream').map((each) => each.stream)), new Set([stream]), 'one stream all the time');
    assert.deepEqual(page.all('track-end', {kind: 'video'}), []);
    assert.deepEqual([line.all('error'), page.all('peer-leave')], [[], []]);
  });

  scenario('streams of a page come and go while a line watches another of them', {relay: 'signald'}, async (lab) => {
    const page = await lab.page();
    await lab.join(page);
    const line = await met(page, changingLine(lab));
    const add = async (media) => {
      const mark = line.mark();
      const {stream} = await lab.do(page, 'add-media', {media, source: 'canvas'});
      const flows = [];
      for (const kind of media)
        flows.push(await line.wait('flows', ({pad}) => pad.startsWith(kind), {from: mark}));
      return {stream, flows};
    };
    const first = await add(['video', 'audio']);
    for (const turn of [1, 2]) {
      const second = await add(['video']);
      const {pad} = second.flows[0];
      assert.ok(first.flows.every((each) => each.stream !== second.flows[0].stream), `turn ${turn}`);
      const mark = line.mark();
      await lab.do(page, 'remove-media', {stream: second.stream});
      await line.wait('ends', {pad}, {from: mark});
    }
    assert.equal(line.all('ends').length, 2, 'the first goes on');
    // The last of its kind leaves its pad, for whoever comes next.
    await lab.do(page, 'remove-media', {stream: first.stream});
    const pads = ({flows}) => flows.map(({pad}) => pad);
    assert.deepEqual(pads(await add(['video', 'audio'])), pads(first));
    assert.deepEqual([line.all('error'), page.all('peer-leave')], [[], []]);
  });

  scenario('a page sees on when what a line brings is of another codec', {relay: 'signald'}, async (lab) => {
    const page = await lab.page();
    await lab.join(page);
    const line = await met(page, launch(lab, 'sink',
        `${PICTURE} ! identity eos-after=120 ! vp8enc deadline=1 cpu-used=8 keyframe-max-dist=30 ! c. ` +
        `${PICTURE} ! queue max-size-buffers=2 leaky=downstream ! videoconvert ! video/x-raw,format=I420 ! ` +
        'x264enc tune=zerolatency speed-preset=ultrafast key-int-max=30 ! video/x-h264,profile=constrained-baseline ! c. ' +
        `concat name=c ! s.video_0 ${SOUND} ! s.audio_0 genosroomsink name=s ROOM`));
    const codecs = [];
    for (const codec of ['video/VP8', 'video/H264']) {
      await until(() => lab.do(page, 'media-stats', {peer: line.self}), ({video}) => video.codec === codec, codec, 30);
      codecs.push((await flowing(lab, line, page)).video.codec);
    }
    assert.deepEqual(codecs, ['video/VP8', 'video/H264']);
    const ended = page.all('track-end', {peer: line.self}).map(({kind}) => kind);
    assert.deepEqual(ended.sort(), ['audio', 'video'], 'what it was before has ended');
    const streams = page.all('stream', {peer: line.self});
    assert.equal(streams.length, 2);
    assert.deepEqual([...streams[1].tracks].sort(), ['audio', 'video'], 'and goes on as one stream');
    assert.deepEqual(page.all('peer-leave'), []);
  });

  // The picture turns black or white every 50 frames, and the sound ticks every second, each counted
  // from the moment at which its source began: those were 250 ms apart once, on a machine with nothing else to do.
  scenario('a page sees and hears a line in step', {relay: 'signald'}, async (lab) => {
    const page = await lab.page();
    await lab.join(page);
    const line = await met(page, changingLine(lab));
    line.add('video_0', 'videotestsrc is-live=true pattern=ball flip=true ! video/x-raw,width=320,height=240,framerate=25/1 ! queue');
    line.add('audio_0', 'audiotestsrc is-live=true wave=ticks freq=1000 volume=1');
    const began = async (pad) => (await line.wait('begins', {pad})).ms;
    const apart = await began('video_0') - await began('audio_0');
    const {stream} = await page.wait('stream', {peer: line.self});
    await flowing(lab, line, page);
    const {offsets} = await lab.do(page, 'lip-sync', {stream, seconds: 14, apart});
    const sorted = [...offsets].sort((a, b) => a - b);
    console.log(`picture after sound, in ms: ${sorted.map(Math.round)}`);
    assert.ok(sorted.length >= 6, 'a turn every two seconds');
    const median = sorted[sorted.length >> 1];
    assert.ok(Math.abs(median) < IN_STEP, `the picture comes ${median} ms after its sound`);
  });

  scenario('pages without AV1 watch a line in VP8, beside one that has it', {relay: 'signald'},
           async (lab) => {
    const [page, poor] = [await lab.page('page'), await lab.page('poor')];
    await lab.do(poor, 'lack-codec', {codec: 'video/AV1'});
    await lab.meet(page, poor);
    const marks = [page.mark(), poor.mark()];
    const line = launch(lab, 'sink',
        `${PICTURE} ! s.video_0 ${SOUND} ! s.audio_0 genosroomsink name=s ROOM title=door`);
    line.self = (await page.wait('peer-join', {}, {from: marks[0]})).peer;
    await poor.wait('peer-join', {peer: line.self}, {from: marks[1]});
    const stats = async (watcher) => (await flowing(lab, line, watcher)).video;
    assert.equal((await stats(page)).codec, 'video/AV1');
    const {codec, width, height} = await stats(poor);
    assert.deepEqual([codec, width, height], ['video/VP8', 320, 240]);
    // The picture came into the stream that has the sound: the page shows one.
    const seen = poor.all('stream', {peer: line.self});
    assert.deepEqual(seen.map(({meta}) => meta), [{title: 'door'}]);
    assert.equal((await stats(page)).codec, 'video/AV1');
  });

  scenario('a page without AV1 watches a line that has no sound', {relay: 'signald'},
           async (lab) => {
    const page = await lab.page();
    await lab.do(page, 'lack-codec', {codec: 'video/AV1'});
    await lab.join(page);
    const line = await met(page, launch(lab, 'sink', `${PICTURE} ! genosroomsink ROOM title=door`));
    const {video} = await until(() => lab.do(page, 'media-stats', {peer: line.self}),
        (stats) => stats.video.frames >= 40, `pictures from ${line.name}`, 30);
    assert.deepEqual([video.codec, video.width], ['video/VP8', 320]);
    assert.equal(page.all('stream', {peer: line.self}).length, 1);
    assert.equal(page.all('track-end', {peer: line.self}).length, 0);
  });

  scenario('a page that says nonsense about how it watches harms nobody, and may then make sense',
           {relay: 'signald'}, async (lab) => {
    const [page, other] = [await lab.page('page'), await lab.page('other')];
    await lab.meet(page, other);
    const mark = page.mark();
    const line = launch(lab, 'sink', `${PICTURE} ! s.video_0 ${SOUND} ! s.audio_0 ` +
        'genosroomsink name=s ROOM ladder=240p15:200k:vp8,120p15:60k:vp8');
    line.self = (await page.wait('peer-join', {}, {from: mark})).peer;
    await flowing(lab, line, page);
    await lab.do(page, 'channel', {channel: 'genos:quality'});
    const wish = (payload) => lab.do(page, 'send', {channel: 'genos:quality', to: [line.self], ...payload});
    const nonsense = [
      {}, [], null, 7, {q: 7}, {q: null}, {q: ['low']}, {q: ''}, {q: 'LOW'}, {q: 'best'}, {a: 'none'},
      {q: 'auto', s: 7}, {q: 'auto', s: [{q: 'none'}]}, {q: 'auto', s: {x: {q: 'none'}, y: 'none', z: null}},
      {q: {q: {q: 'low'}}}, {q: 'low'.repeat(10_000)}, JSON.parse('['.repeat(60) + ']'.repeat(60)),
    ];
    for (const json of nonsense) await wish({kind: 'json', json});
    for (const text of ['', 'low', '{"q":"low"', '{"q":"low"}{"q":"low"}', '\ud800']) await wish({kind: 'text', text});
    for (const size of [0, 1, 100, 100_000]) await wish({kind: 'bytes', size, seed: size});
    for (const watcher of [page, other]) {
      const {video} = await flowing(lab, line, watcher);
      assert.equal(video.width, 320, 'nothing of that was a wish');
    }
    await wish({kind: 'json', json: {q: 'low', a: 'auto', more: [1]}});
    await until(() => lab.do(page, 'media-stats', {peer: line.self}), ({video}) => video.width === 160,
        'the small picture', 20);
    await flowing(lab, line, page);
    assert.equal((await flowing(lab, line, other)).video.width, 320);
    assert.equal(page.all('peer-leave').length + other.all('peer-leave').length, 0);
  });

  scenario('a page sees on when another is closed, its sender is killed and shown again, and the relay goes',
           {relay: 'signald'}, async (lab) => {
    const [page, other] = [await lab.page('page'), await lab.page('other')];
    await lab.meet(page, other);
    const show = async (name) => {
      const mark = page.mark();
      const line = launch(lab, name, `${PICTURE} ! s.video_0 ${SOUND} ! s.audio_0 genosroomsink name=s ROOM ladder=240p:vp8`);
      line.self = (await page.wait('peer-join', {}, {from: mark})).peer;
      return line;
    };
    const goesOn = async (line, what) => {
      const before = (await flowing(lab, line, page)).video;
      await what();
      await sleep(4000);
      const after = (await lab.do(page, 'media-stats', {peer: line.self})).video;
      console.log(`${after.frames - before.frames} pictures, ${after.freezes - before.freezes} freezes`);
      assert.ok(after.frames - before.frames > 105, 'of 120');
    };
    const first = await show('first');
    await other.wait('peer-join', {peer: first.self});
    await flowing(lab, first, other);
    await goesOn(first, () => other.close());
    await first.close();
    const begun = performance.now();
    const second = await show('second');
    await page.wait('stream', {peer: second.self});
    await until(() => lab.do(page, 'media-stats', {peer: second.self}), ({video}) => video.frames > 0, 'its pictures', 20);
    const back = performance.now() - begun;
    console.log(`seen again after ${Math.round(back)} ms`);
    assert.ok(back < 5000, `${back} ms`);
    await goesOn(second, () => lab.relays[0].close());
  });

  scenario('a line watches a page', {relay: 'signald'}, async (lab) => {
    const page = await lab.page();
    await lab.join(page);
    const line = await met(page, launch(lab, 'src', WATCHING));
    await lab.do(page, 'add-media', {media: ['video', 'audio'], source: 'canvas'});
    await shown(line);
  });

  // As it goes in one of some fifty meetings: see the core's handshake.
  scenario('a line watches a page whose first messages were lost', {relay: 'signald'}, async (lab) => {
    const page = await lab.page();
    await lab.do(page, 'lose-first-messages', {count: 2});
    await lab.join(page);
    const line = await met(page, launch(lab, 'src', WATCHING));
    await lab.do(page, 'add-media', {media: ['video', 'audio'], source: 'canvas'});
    await shown(line);
    assert.deepEqual(page.all('peer-leave'), [], 'met once');
  });

  scenario('two pages and two lines all show each other', {relay: 'signald'}, async (lab) => {
    const pages = [await lab.page('one'), await lab.page('two')];
    await lab.meet(...pages);
    const written = (name, n) => join(process.env.GENOS_E2E_DIR, `${lab.room}-${name}-${n}`);
    const lines = [];
    for (const name of ['left', 'right']) {
      const marks = pages.map((page) => page.mark());
      const line = launch(lab, name,
          `${PICTURE} ! s.video_0 ${SOUND} ! s.audio_0 genosroomsink name=s ROOM peer=${name} ` +
          `genosroomsrc name=r ROOM peer=${name} media=video ` + [0, 1, 2].map((n) =>
            `r.video_${n} ! ${SMALL.replace('fdsink', `filesink async=false location=${written(name, n)}`)}`).join(' '));
      const seen = await Promise.all(pages.map((page, n) => page.wait('peer-join', {}, {from: marks[n]})));
      line.self = seen[0].peer;
      lines.push(line);
    }
    for (const page of pages) await lab.do(page, 'add-media', {media: ['video', 'audio'], source: 'canvas'});
    for (const page of pages)
      for (const other of [...pages, ...lines].filter((each) => each !== page)) await flowing(lab, other, page);
    const sizes = () => lines.flatMap(({name}) => [0, 1, 2].map((n) =>
        existsSync(written(name, n)) ? statSync(written(name, n)).size : 0));
    await until(async () => sizes(), (all) => all.every((size) => size > 40 * 16 * 16),
        'pictures of all others at both lines');
    assert.equal(pages.flatMap((page) => page.all('peer-leave')).length, 0);
  });

  for (const lacks of [false, true]) {
    scenario(`a page ${lacks ? 'without AV1 ' : ''}and a line show each other`,
             {relay: 'signald'}, async (lab) => {
      const page = await lab.page();
      if (lacks) await lab.do(page, 'lack-codec', {codec: 'video/AV1'});
      await lab.join(page);
      const line = await met(page, launch(lab, 'call',
          `${PICTURE} ! s.video_0 ${SOUND} ! s.audio_0 ` +
          'genosroomsink name=s ROOM peer=me genosroomsrc name=r ROOM peer=me ' +
          `r.video_0 ! ${SMALL} r.audio_0 ! audioconvert ! fakesink`));
      const added = lab.do(page, 'add-media', {media: ['video', 'audio'], source: 'canvas'});
      const seen = await page.wait('stream', {peer: line.self});
      assert.deepEqual([...seen.tracks].sort(), ['audio', 'video']);
      await added;
      await flowing(lab, line, page);
      await shown(line);
      await flowing(lab, line, page);
      assert.equal(page.all('peer-leave').length, 0);
    });
  }
}
