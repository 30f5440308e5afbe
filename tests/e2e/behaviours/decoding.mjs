// SPDX-License-Identifier: LGPL-2.1-or-later
// What three decoders make of one stream of AV1: libaom, dav1d and the browser's.
import assert from 'node:assert/strict';
import {createHash} from 'node:crypto';
import {mkdtempSync, readdirSync, readFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';

import {Launch} from '../harness/launch.mjs';

const UNITS = 'video/x-av1,stream-format=obu-stream,alignment=tu';

export const newFolder = () => mkdtempSync(join(tmpdir(), 'av1-'));

/** Pictures that move. @param {string} size 320x180 @param {number} frames */
export const pictures = (size, frames) => {
  const [width, height] = size.split('x');
  return `videotestsrc num-buffers=${frames} pattern=smpte100 horizontal-speed=3 `
      + `! video/x-raw,format=I420,framerate=30/1,width=${width},height=${height}`;
};

/** The end of a line that leaves a stream for sameFrames. */
export const numbered = (folder) => `${UNITS} ! multifilesink location=${folder}/%03d.obu`;

/** The size of each frame. @param {Object<string, number>} frames how many there are of each size */
export const sizesOf = (frames) =>
    Object.entries(frames).flatMap(([size, count]) => Array(count).fill(size));

/** Waits until it has ended well. @param {import('../harness/actor.mjs').Actor} program */
export async function finished(lab, program) {
  lab.actors.push(program);
  const {code} = await program.wait('exit', {}, {seconds: 60});
  assert.equal(code, 0, program.log.join('\n'));
}

/** @param {string} line what comes after `gst-launch-1.0` */
export const launched = (lab, line) => finished(lab, new Launch('line', line.split(' ')));

/** What a line wrote as numbered files of this ending, in order. */
const written = (folder, ending) => readdirSync(folder).filter((name) => name.endsWith(ending))
    .sort().map((name) => readFileSync(join(folder, name)));

/** Where the rows of GStreamer's own I420 lie: they are padded to whole words, and to an even number.
 *  @param {number} width @param {number} height */
function layoutOf(width, height) {
  const [w, h] = [Math.ceil(width / 2), Math.ceil(height / 2)];
  const stride = (length) => 4 * Math.ceil(length / 4);
  const chroma = stride(width) * 2 * h, size = stride(w) * h;
  return {length: chroma + 2 * size,
          planes: [[0, width, height], [chroma, w, h], [chroma + size, w, h]]
              .map(([offset, length, rows]) => ({offset, length, rows, stride: stride(length)}))};
}

/** The hash of a frame's rows without their padding. @param {Buffer} frame @param {string} size */
function hashOf(frame, size) {
  const {length, planes} = layoutOf(...size.split('x').map(Number));
  assert.equal(frame.length, length, `a frame of ${size}`);
  const hash = createHash('sha256');
  for (const plane of planes) {
    for (let row = 0; row < plane.rows; row++) {
      const begin = plane.offset + row * plane.stride;
      hash.update(frame.subarray(begin, begin + plane.length));
    }
  }
  return hash.digest('hex');
}

/** Of the stream that a line left in this folder.
 *  @param {import('../harness/browser.mjs').Page} page @param {string[]} expected the size of each frame */
export async function sameFrames(lab, page, folder, expected) {
  const units = written(folder, '.obu');
  assert.equal(units.length, expected.length);
  const chunks = units.map((unit) => unit.toString('base64'));
  const {formats, sizes, hashes} = await page.do('decode', {codec: 'av01.0.04M.08', chunks});
  assert.deepEqual(formats, ['I420']);
  assert.deepEqual(sizes, expected);
  assert.equal(new Set(hashes).size > expected.length / 2, true, 'a picture that moves');
  for (const decoder of ['av1dec', 'genosav1dec']) {
    await launched(lab, `multifilesrc location=${folder}/%03d.obu caps=${UNITS},framerate=30/1 ! ${decoder} `
        + `! video/x-raw,format=I420 ! multifilesink location=${folder}/%03d.${decoder}`);
    const frames = written(folder, `.${decoder}`);
    assert.equal(frames.length, expected.length, decoder);
    assert.deepEqual(frames.map((frame, at) => hashOf(frame, expected[at])), hashes, decoder);
  }
}
