// SPDX-License-Identifier: LGPL-2.1-or-later
// Pages watch lines with genosroomsink, and lines with genosroomsrc watch pages.
import assert from 'node:assert/strict';

import {Launch} from '../harness/launch.mjs';
import {scenario} from '../harness/lab.mjs';
import {flowing} from './media.mjs';

function launch(lab, name, words) {
  const room = [`app-id=${lab.app}`, `room=${lab.room}`, `signaling=${lab.relays[0].url}`,
                'ice-servers=none'];
  const line = new Launch(name, words.split(' ').flatMap((word) => word === 'ROOM' ? room : word));
  lab.actors.push(line);
  return line;
}

const PICTURE = 'videotestsrc is-live=true pattern=ball ! video/x-raw,width=320,height=240,framerate=30/1';
const SOUND = 'audiotestsrc is-live=true';

/** The line as the peer that the page has just met. */
async function met(page, line) {
  const {peer} = await page.wait('peer-join');
  line.self = peer;
  return line;
}

const SMALL = 'videoconvert ! videoscale ! video/x-raw,format=GRAY8,width=16,height=16 ! fdsink';

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

  scenario('a line watches a page', {relay: 'signald'}, async (lab) => {
    const page = await lab.page();
    await lab.join(page);
    const line = await met(page, launch(lab, 'src', 'genosroomsrc name=r ROOM ' +
        `r.video_0 ! ${SMALL} r.audio_0 ! audioconvert ! fakesink`));
    await lab.do(page, 'add-media', {media: ['video', 'audio'], source: 'canvas'});
    await shown(line);
  });

  scenario('a page and a line show each other', {relay: 'signald'}, async (lab) => {
    const page = await lab.page();
    await lab.join(page);
    const line = await met(page, launch(lab, 'call',
        `${PICTURE} ! s.video_0 ${SOUND} ! s.audio_0 genosroomsink name=s ROOM peer=me ` +
        'genosroomsrc name=r ROOM peer=me ' +
        `r.video_0 ! ${SMALL} r.audio_0 ! audioconvert ! fakesink`));
    const added = lab.do(page, 'add-media', {media: ['video', 'audio'], source: 'canvas'});
    const seen = await page.wait('stream', {peer: line.self});
    assert.deepEqual([...seen.tracks].sort(), ['audio', 'video']);
    await added;
    await flowing(lab, line, page);
    await shown(line);
    await flowing(lab, line, page);
  });
}
