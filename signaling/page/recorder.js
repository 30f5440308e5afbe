// SPDX-License-Identifier: LGPL-2.1-or-later
// Records a stream into memory, as WebM where the browser can.
import {MOST} from './limits.js';

const KINDS = ['video/webm;codecs=vp9,opus', 'video/webm;codecs=vp8,opus', 'video/webm', 'video/mp4'];

export const canRecord = () => typeof MediaRecorder === 'function';

/** @param {MediaStream} stream */
function kindFor(stream) {
  const kinds = stream.getVideoTracks().length ? KINDS : ['audio/webm;codecs=opus', 'audio/webm', 'audio/mp4'];
  return kinds.find((kind) => MediaRecorder.isTypeSupported(kind));
}

export class Recording {
  /** @param {MediaStream} stream
   *  @param {(blob: Blob, ending: string, changed: boolean) => void} done also when it ended by itself:
   *         no recording survives that a track joins its stream, or leaves it */
  constructor(stream, done) {
    const mimeType = kindFor(stream);
    const parts = [];
    let bytes = 0;
    let changed = false;
    this.recorder = new MediaRecorder(stream, mimeType ? {mimeType} : {});
    this.recorder.ondataavailable = ({data}) => {
      parts.push(data);
      bytes += data.size;
      if (bytes > MOST.recording) this.stop();
    };
    this.recorder.onerror = () => {
      changed = true;
    };
    this.recorder.onstop = () => {
      const type = this.recorder.mimeType.split(';')[0];
      done(new Blob(parts, {type}), type.endsWith('mp4') ? 'mp4' : 'webm', changed);
    };
    this.recorder.start(1000);
  }

  stop() {
    if (this.recorder.state !== 'inactive') this.recorder.stop();
  }
}
