// SPDX-License-Identifier: LGPL-2.1-or-later
// Lines of gst-launch-1.0 in a scenario's room.
import {Launch} from './launch.mjs';

// In ms. ITU-R BT.1359: people begin to notice at 45 when sound is early, and accept 90. A page measures to some 40.
export const IN_STEP = 100;

/** @param {import('./lab.mjs').Lab} lab @param {string} words ROOM stands for the properties of an element there */
export function launch(lab, name, words) {
  const room = [`app-id=${lab.app}`, `room=${lab.room}`, `signaling=${lab.relays[0].url}`,
                'ice-servers=none'];
  const line = new Launch(name, words.split(' ').flatMap((word) => word === 'ROOM' ? room : word));
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
