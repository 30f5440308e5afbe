// SPDX-License-Identifier: LGPL-2.1-or-later
// What the browser's own decoder makes of a stream, without any connection.
import {sha256} from './bytes.js';

const bytesOf = (base64) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));

/** The planes of a frame as I420 without padding. @param {VideoFrame} frame */
async function planesOf(frame) {
  const {width, height} = frame.visibleRect;
  const [w, h] = [Math.ceil(width / 2), Math.ceil(height / 2)];
  const layout = [{offset: 0, stride: width}, {offset: width * height, stride: w},
                  {offset: width * height + w * h, stride: w}];
  const planes = new Uint8Array(width * height + 2 * w * h);
  await frame.copyTo(planes, {layout});
  return planes;
}

/** Decodes chunks, the first of them a keyframe. @param {string} codec @param {string[]} chunks base64
 *  @returns {Promise<{formats: string[], sizes: string[], hashes: string[]}>} sizes and hashes in the
 *  order of the frames */
export async function decode(codec, chunks) {
  const frames = [];
  const decoder = new VideoDecoder({output: (frame) => frames.push(frame), error: console.error});
  decoder.configure({codec, hardwareAcceleration: 'prefer-software'});
  chunks.forEach((chunk, at) => decoder.decode(new EncodedVideoChunk({
    type: at === 0 ? 'key' : 'delta', timestamp: at * 1000, data: bytesOf(chunk),
  })));
  await decoder.flush();
  const hashes = [];
  for (const frame of frames) hashes.push(await sha256(await planesOf(frame)));
  const formats = [...new Set(frames.map(({format}) => format))];
  const sizes = frames.map(({visibleRect: {width, height}}) => `${width}x${height}`);
  frames.forEach((frame) => frame.close());
  return {formats, sizes, hashes};
}
