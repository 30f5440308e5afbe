// SPDX-License-Identifier: LGPL-2.1-or-later
// Lines of gst-launch-1.0 in a scenario's room.
import {ChangingLine, Launch} from './launch.mjs';

// In ms. ITU-R BT.1359: people begin to notice at 45 when sound is early, and accept 90. A page measures to some 40.
export const IN_STEP = 100;
export const LOUD = 3000;  // a sample of a tick, or of a page's tone, and of nothing else

const roomOf = (lab) => [`app-id=${lab.app}`, `room=${lab.room}`, `signaling=${lab.relays[0].url}`,
                         'ice-servers=none'];

/** @param {import('./lab.mjs').Lab} lab @param {string} words ROOM stands for the properties of an element there */
export function launch(lab, name, words) {
  const room = roomOf(lab);
  const line = new Launch(name, words.split(' ').flatMap((word) => word === 'ROOM' ? room : word));
  lab.actors.push(line);
  return line;
}

/** A line whose pads come and go. @param {import('./lab.mjs').Lab} lab */
export function changingLine(lab) {
  const line = new ChangingLine('line', roomOf(lab));
  lab.actors.push(line);
  return line;
}

/** The line as the peer that the page has just met. */
export async function met(page, line) {
  const {peer} = await page.wait('peer-join');
  line.self = peer;
  return line;
}

/** The same, and the line has heard the page, too. */
export async function metBothWays(lab, page, line) {
  await met(page, line);
  await lab.do(page, 'ping', {to: line.self});
  return line;
}

/** Splits what a line writes into pieces of one size, each with the time of its arrival.
 *  @param {import('node:stream').Readable} output */
export function pieces(output, size) {
  const seen = [];
  let rest = Buffer.alloc(0);
  output.on('data', (data) => {
    rest = Buffer.concat([rest, data]);
    for (; rest.length >= size; rest = rest.subarray(size)) {
      seen.push({at: performance.now(), data: rest.subarray(0, size)});
    }
  });
  return seen;
}

/** @param {Buffer} data samples of 16 bits */
export const loudest = (data) => Math.max(...new Int16Array(new Uint8Array(data).buffer));
