// SPDX-License-Identifier: LGPL-2.1-or-later
// Numbers painted into pictures as four by four fields, black or white, and read back: twelve bits,
// and four that no picture of another frame, of a mixture of two or of one colour has right.

export const SIDE = 4;
const CHECK = 0b1010;

const checked = (number) => (number ^ number >> 4 ^ number >> 8 ^ CHECK) & 15;

/** Which fields are white, row by row. @param {number} number below 4096 @returns {boolean[]} */
export function fieldsOf(number) {
  const bits = number << SIDE | checked(number);
  return Array.from({length: SIDE * SIDE}, (_, at) => (bits >> at & 1) === 1);
}

/** @param {(x: number, y: number) => number} luma of a point, both from 0 to 1
 *  @returns {number|null} null: no number is painted there */
export function numberIn(luma) {
  let bits = 0;
  for (let at = 0; at < SIDE * SIDE; at++) {
    const bright = luma((at % SIDE + 0.5) / SIDE, (Math.floor(at / SIDE) + 0.5) / SIDE) > 127;
    bits |= bright << at;
  }
  const number = bits >> SIDE;
  return (bits & 15) === checked(number) ? number : null;
}

/** Every picture that was decoded. Chromium only. @param {MediaStream} stream @param {number} seconds
 *  @returns {Promise<{number: number|null, time: number}[]>} time: its timestamp in seconds */
export async function decodedPictures(stream, seconds) {
  const [track] = stream.getVideoTracks();
  const frames = new MediaStreamTrackProcessor({track}).readable.getReader();
  const draw = new OffscreenCanvas(64, 64).getContext('2d', {willReadFrequently: true});
  const read = (picture) => {
    draw.drawImage(picture, 0, 0, 64, 64);
    const {data} = draw.getImageData(0, 0, 64, 64);
    return numberIn((x, y) => data[4 * (Math.floor(y * 64) * 64 + Math.floor(x * 64)) + 1]);
  };
  const pictures = [];
  for (const end = performance.now() + seconds * 1000; performance.now() < end;) {
    const {value, done} = await frames.read();
    if (done) break;
    pictures.push({number: read(value), time: value.timestamp / 1e6});
    value.close();
  }
  return pictures;
}
