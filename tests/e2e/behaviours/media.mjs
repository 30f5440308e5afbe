// SPDX-License-Identifier: LGPL-2.1-or-later
// Media that is added to a link later: by the page, by the other, by both in either order.
import assert from 'node:assert/strict';

import {until} from '../harness/actor.mjs';
import {scenario} from '../harness/lab.mjs';

const META = {title: 'front door'};
const FRAMES = 40;  // two seconds of the fake camera

/** Waits until picture and sound of `from` are surely flowing to `to`. Counts from now on, and anew
 *  whenever the counters of a track that ended have gone. */
export async function flowing(lab, from, to) {
  let base;
  const stats = await until(() => lab.do(to, 'media-stats', {peer: from.self}), (now) => {
    const {video, audio} = now;
    if (!base || video.frames < base.video.frames || audio.packets < base.audio.packets) base = now;
    return video.frames >= base.video.frames + FRAMES &&
        audio.packets >= base.audio.packets + FRAMES && audio.energy > 0;
  }, `picture and sound from ${from.name} at ${to.name}`, 30);
  console.log(`${to.name}: ${stats.video.codec}, ${stats.video.freezes} freezes`);
  return stats;
}

export async function send(lab, from, to, source, codec, into) {
  const mark = to.mark();
  const added = {media: ['video', 'audio'], meta: META, source, codec, into};
  const {stream} = await lab.do(from, 'add-media', added);
  const seen = await to.wait('stream', {peer: from.self}, {from: mark});
  assert.deepEqual(seen.meta, META);
  assert.deepEqual([...seen.tracks].sort(), ['audio', 'video']);
  const {video} = await flowing(lab, from, to);
  assert.ok(video.width > 0 && video.height > 0);
  return stream;
}

/** @param {import('../harness/pairs.mjs').Pair} pair */
export function mediaBehaviours(pair) {
  const {label, relay} = pair;
  const met = async (lab, kind) => {
    const [page, other] = [await pair.page(lab, kind), await pair.other(lab)];
    await lab.meet(page, other);
    return [page, other];
  };

  scenario(`${label}: the page shows its camera, takes it away and shows it again`, {relay},
           async (lab) => {
    const [page, other] = await met(lab);
    const stream = await send(lab, page, other);
    await lab.do(page, 'remove-media', {stream});
    await other.wait('track-end', {peer: page.self, kind: 'video'});
    await send(lab, page, other);
    await lab.do(page, 'ping', {to: other.self});
  });

  scenario(`${label}: the other sends media`, {relay}, async (lab) => {
    const [page, other] = await met(lab);
    await send(lab, other, page);
    await lab.do(page, 'ping', {to: other.self});
  });

  for (const first of ['page', 'other']) {
    scenario(`${label}: media both ways, the ${first} first`, {relay}, async (lab) => {
      const [page, other] = await met(lab);
      const [a, b] = first === 'page' ? [page, other] : [other, page];
      await send(lab, a, b);
      await send(lab, b, a);
      await flowing(lab, a, b);  // the first direction goes on
    });
  }

  scenario(`${label}: media both ways at the same moment`, {relay}, async (lab) => {
    const [page, other] = await met(lab);
    await Promise.all([send(lab, page, other), send(lab, other, page)]);
    await lab.do(other, 'ping', {to: page.self});
  });

  scenario(`${label}: the page adds media while it applies an offer`, {relay}, async (lab) => {
    const [page, other] = await met(lab);
    const fromPage = send(lab, page, other, 'canvas', undefined, 'offer');
    await page.wait('media-waits');
    await Promise.all([fromPage, send(lab, other, page)]);
    await flowing(lab, page, other);
    await lab.do(other, 'ping', {to: page.self});
  });

  scenario(`${label}: media of a page that shows only mDNS names`, {relay}, async (lab) => {
    const [page, other] = await met(lab, {mdns: true});
    await send(lab, page, other, 'canvas');
  });
}
