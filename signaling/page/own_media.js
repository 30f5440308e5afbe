// SPDX-License-Identifier: LGPL-2.1-or-later
// Camera and screen of this browser: asked for when their button is pressed, and never before.
import {at, notice} from './dom.js';

const WHY = {
  NotAllowedError: 'you or the browser did not allow it',
  NotFoundError: 'there is none',
  NotReadableError: 'another program uses it',
};

/** Whatever there is of both; a machine may have no microphone, or no camera. */
async function cameraStream() {
  const {mediaDevices} = navigator;
  try {
    return await mediaDevices.getUserMedia({video: true, audio: true});
  } catch (error) {
    if (error.name !== 'NotFoundError') throw error;
    return mediaDevices.getUserMedia({video: true}).catch(() => mediaDevices.getUserMedia({audio: true}));
  }
}

const SOURCES = {
  camera: {title: 'Camera', off: 'Send camera', on: 'Stop camera', open: cameraStream},
  screen: {title: 'Screen', off: 'Share screen', on: 'Stop screen',
           open: () => navigator.mediaDevices.getDisplayMedia({video: true, audio: true})},
};

class Source {
  constructor(id, session, stage) {
    Object.assign(this, SOURCES[id], {kind: id, button: at(id), session, stage, stream: null});
    this.button.onclick = () => this.stream ? this.stop() : this.start();
  }

  async start() {
    this.button.disabled = true;
    try {
      this.stream = await this.open();
    } catch (error) {
      return notice(`${this.title}: ${WHY[error.name] ?? error.message}.`, 'problem');
    } finally {
      this.button.disabled = false;
    }
    // The browser has a button of its own to end the sharing of a screen.
    for (const track of this.stream.getTracks()) track.addEventListener('ended', () => this.stop());
    this.#shown();
    this.stage.own(this.stream, this.title, () => this.stop());
    this.session.show(this.stream, this.title, this.kind)
        .catch((error) => notice(`${this.title}: ${error.message}`, 'problem'));
  }

  stop() {
    const stream = this.stream;
    if (!stream) return;
    this.stream = null;
    this.session.hide(stream);
    this.stage.remove(stream);
    stream.getTracks().forEach((track) => track.stop());
    this.#shown();
    this.button.focus();
  }

  #shown() {
    this.button.textContent = this.stream ? this.on : this.off;
    this.button.setAttribute('aria-pressed', String(!!this.stream));
  }
}

/** @param {import('./session.js').Session} session @param {import('./stage.js').Stage} stage */
export function offerOwnMedia(session, stage) {
  const {mediaDevices} = navigator;
  at('camera').hidden = !mediaDevices?.getUserMedia;
  at('screen').hidden = !mediaDevices?.getDisplayMedia;  // phones have none
  return Object.keys(SOURCES).map((id) => new Source(id, session, stage));
}
