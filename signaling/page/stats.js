// SPDX-License-Identifier: LGPL-2.1-or-later
// What the browser measures of a stream that comes in, as figures of the last second.

/** @typedef {object} Sample figures that a stream has not are undefined
 *  @property {number} [bitrate] bits a second, sound and picture
 *  @property {number} [rate] pictures a second
 *  @property {number} [width] @property {number} [height]
 *  @property {number} [loss] share of packets, 0 to 1
 *  @property {number} [delay] seconds that packets wait for those that are late
 *  @property {number} [trip] seconds to the other side and back
 *  @property {string} codec */

const STEPS = [5, 10, 15, 20, 24, 25, 30, 48, 50, 60, 90, 120];

/** The name of the rung that these pictures are of, as ladders are written. @param {Sample} sample */
export function rung({height, rate}) {
  if (!height || !rate) return '';
  const near = STEPS.reduce((best, step) => Math.abs(step - rate) < Math.abs(best - rate) ? step : best);
  return `${height}p${near}`;
}

function add(sum, entry, report) {
  sum.bytes += entry.bytesReceived ?? 0;
  sum.packets += entry.packetsReceived ?? 0;
  sum.lost += entry.packetsLost ?? 0;
  const codec = report.get(entry.codecId)?.mimeType?.split('/')[1].replace(/^opus$/i, 'Opus');
  if (codec && !sum.codecs.includes(codec)) sum.codecs.push(codec);
  // Picture and sound wait for each other: what the later of them waits is what one sees.
  if (entry.kind === 'video' || sum.emitted === undefined) {
    sum.waited = entry.jitterBufferDelay ?? 0;
    sum.emitted = entry.jitterBufferEmittedCount ?? 0;
  }
  if (entry.kind !== 'video') return;
  sum.frames = entry.framesDecoded ?? 0;
  sum.width = entry.frameWidth;
  sum.height = entry.frameHeight;
}

/** One stream's counters, summed over its tracks. @returns {Promise<object>} */
async function count(connection, stream) {
  const sum = {time: performance.now(), bytes: 0, packets: 0, lost: 0, codecs: []};
  for (const track of stream.getTracks()) {
    const report = await connection.getStats(track).catch(() => new Map());
    report.forEach((entry) => {
      if (entry.type === 'inbound-rtp') add(sum, entry, report);
      if (entry.type === 'candidate-pair' && entry.nominated) sum.trip = entry.currentRoundTripTime;
    });
  }
  return sum;
}

export class Meter {
  /** @param {() => RTCPeerConnection|undefined} connection @param {MediaStream} stream */
  constructor(connection, stream) {
    this.connection = connection;
    this.stream = stream;
    this.last = null;
  }

  /** The figures since the last call; null when there are none yet. @returns {Promise<Sample|null>} */
  async sample() {
    const connection = this.connection();
    if (!connection) return null;
    const now = await count(connection, this.stream);
    const last = this.last;
    this.last = now;
    if (!last || now.time - last.time < 100) return null;
    const seconds = (now.time - last.time) / 1000;
    const packets = now.packets - last.packets;
    const lost = Math.max(0, now.lost - last.lost);
    const emitted = now.emitted - last.emitted;
    return {
      bitrate: Math.max(0, now.bytes - last.bytes) * 8 / seconds,
      rate: now.frames === undefined ? undefined : (now.frames - (last.frames ?? 0)) / seconds,
      width: now.width, height: now.height,
      loss: packets + lost > 0 ? lost / (packets + lost) : 0,
      delay: emitted > 0 ? (now.waited - last.waited) / emitted : undefined,
      trip: now.trip, codec: now.codecs.join(' and '),
    };
  }
}
