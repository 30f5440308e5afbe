// SPDX-License-Identifier: LGPL-2.1-or-later
// When a stream's background turns between black and white, and when its sound ticks.

const BLOCK = 512;  // samples that are looked at together: 11 ms
const TICK = 0.1;   // louder than anything between two ticks
const QUIET = 300;  // ms after which a sound is the next tick

/** The moments at which the corner of the picture turns from dark to bright or back. */
function watchTurns(stream, turns) {
  const video = Object.assign(document.createElement('video'), {srcObject: stream, autoplay: true});
  const draw = Object.assign(document.createElement('canvas'), {width: 1, height: 1})
      .getContext('2d', {willReadFrequently: true});
  let bright;
  const look = (_, {expectedDisplayTime}) => {
    draw.drawImage(video, 0, 0, 8, 8, 0, 0, 1, 1);
    const is = draw.getImageData(0, 0, 1, 1).data[1] > 127;
    if (bright !== undefined && is !== bright) turns.push(expectedDisplayTime);
    bright = is;
    video.requestVideoFrameCallback(look);
  };
  video.requestVideoFrameCallback(look);
  document.body.append(video);
  return () => video.remove();
}

function watchTicks(stream, ticks) {
  const context = new AudioContext();
  const source = context.createMediaStreamSource(stream);
  const ears = context.createScriptProcessor(BLOCK, 1, 1);
  ears.onaudioprocess = ({inputBuffer}) => {
    const first = inputBuffer.getChannelData(0).findIndex((sample) => Math.abs(sample) > TICK);
    if (first < 0) return;
    const at = performance.now() - (BLOCK - first) / context.sampleRate * 1000;
    if (!ticks.length || at - ticks.at(-1) > QUIET) ticks.push(at);
  };
  source.connect(ears).connect(context.destination);
  return () => context.close();
}

/** By how many ms each turn of the picture comes after the tick that belongs to it.
 *  @param {MediaStream} stream @param {number} seconds
 *  @param {number} apart by how many ms it was made after that tick
 *  @returns {Promise<number[]>} */
export async function lipSync(stream, seconds, apart) {
  const turns = [], ticks = [];
  const ends = [watchTurns(stream, turns), watchTicks(stream, ticks)];
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  ends.forEach((end) => end());
  if (!ticks.length) throw new Error(`no tick was heard, ${turns.length} turns were seen`);
  const nearest = (at) => ticks.reduce((a, b) => Math.abs(b - at) < Math.abs(a - at) ? b : a);
  return turns.map((at) => at - apart).map((at) => at - nearest(at));
}
