// SPDX-License-Identifier: LGPL-2.1-or-later
// AV1 of genosav1enc in all decoders, of genosrtpav1pay in a page, and a page's in genosrtpav1depay
// and genosav1dec.
import assert from 'node:assert/strict';

import {finished, launched, newFolder, numbered, pictures, sameFrames,
        sizesOf} from '../behaviours/decoding.mjs';
import {flowing, send} from '../behaviours/media.mjs';
import {nativePair} from '../harness/pairs.mjs';
import {scenario} from '../harness/lab.mjs';
import {Tool, TurningLine, withPlugin} from '../harness/launch.mjs';

const AV1 = 'video/AV1';

// An encoder, how many frames of each size it gets in turn, and what is set as a frame comes.
const STREAMS = {
  'plain': ['genosav1enc', {'320x180': 60}],
  'of an uneven size': ['genosav1enc', {'328x182': 60}],
  'of odd sides': ['genosav1enc', {'321x181': 30}],
  'with two temporal layers': ['genosav1enc temporal-layers=2', {'320x180': 30}],
  'with three temporal layers': ['genosav1enc temporal-layers=3', {'320x180': 60}],
  'of a screen': ['genosav1enc screen-content=true', {'640x360': 60}],
  'with many keyframes': ['genosav1enc keyframe-interval=5', {'320x180': 60}],
  'of two threads and few bits': ['genosav1enc threads=2 bitrate=60000', {'640x360': 60}],
  'of the least speed': ['genosav1enc speed=6', {'320x180': 30}],
  'whose size changes': ['genosav1enc', {'320x180': 15, '161x91': 15, '640x360': 10}],
  'whose bitrate changes': ['genosav1enc', {'320x180': 40}, {frame: 20, change: 'bitrate=40000'}],
};

const agree = (title, body) =>
    scenario(`AV1 ${title}: libaom, dav1d and Chromium see the same frames`, {relay: 'npm'}, body);

for (const [title, [encoder, frames, turn]] of Object.entries(STREAMS)) {
  agree(title, async (lab) => {
    const folder = newFolder();
    const parts = Object.entries(frames).map((part) => `${pictures(...part)} ! all.`).join(' ');
    const line = `concat name=all ! ${encoder} name=encoder ! ${numbered(folder)} ${parts}`;
    if (turn) await finished(lab, new TurningLine('line', ['encoder', turn.frame, turn.change, line]));
    else await launched(lab, line);
    await sameFrames(lab, await lab.page(), folder, sizesOf(frames));
  });
}

// Made of thirty pictures of 320x180.
const LADDER = {'180p30:300k:av1': {'320x180': 30}, '90p15:100k:av1': {'160x90': 15}};

agree('of the rungs of a ladder', async (lab) => {
  const rungs = Object.values(LADDER).map((frames) => ({frames, folder: newFolder()}));
  const files = rungs.map(({folder}, at) => `t.rung_${at} ! queue ! ${numbered(folder)}`);
  await launched(lab, `${pictures('320x180', 30)} ! genostranscodebin name=t `
      + `ladder=${Object.keys(LADDER)} ${files.join(' ')}`);
  const page = await lab.page();
  for (const {folder, frames} of rungs) await sameFrames(lab, page, folder, sizesOf(frames));
});

agree('in the WebM of genos transcode', async (lab) => {
  const home = newFolder();
  await launched(lab, `${pictures('320x180', 30)} ! matroskamux ! filesink location=${home}/film.mkv`);
  await finished(lab, new Tool('transcode', ['transcode', `${home}/film.mkv`, '--out', home,
    '--ladder', `${Object.keys(LADDER)}`], {...withPlugin(), XDG_STATE_HOME: home}));
  const page = await lab.page();
  for (const [rung, frames] of Object.entries(LADDER)) {
    const folder = newFolder();
    const file = `${home}/film.${rung.split(':')[0]}.webm`;
    await launched(lab, `filesrc location=${file} ! matroskademux ! ${numbered(folder)}`);
    await sameFrames(lab, page, folder, sizesOf(frames));
  }
});

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
