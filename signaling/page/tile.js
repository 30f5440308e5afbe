// SPDX-License-Identifier: LGPL-2.1-or-later
// One stream on the stage: its picture, its figures, and what can be done with it.
import {button, make, notice, save} from './dom.js';
import {MOST, Rate} from './limits.js';
import {Plots} from './plot.js';
import {canRecord, Recording} from './recorder.js';
import {Meter} from './stats.js';

/** A name that every disk takes. */
function fileName(title, ending) {
  const time = new Date().toISOString().slice(0, 19).replace(/[:T]/g, '-');
  return `${title.replace(/[^\p{L}\p{N}]+/gu, '-').replace(/^-|-$/g, '') || 'stream'}-${time}.${ending}`;
}

export class Tile {
  /** @param {{stream: MediaStream, title: string, from: string, own?: boolean,
   *           connection?: () => RTCPeerConnection|undefined,
   *           recorded?: (blob: Blob, name: string) => void, stop?: () => void}} what */
  constructor(what) {
    this.what = what;
    this.parts = new Rate(MOST.parts, 60_000);
    this.video = make('video', {srcObject: what.stream, autoplay: true, playsInline: true, muted: true,
                                aria: {label: `${what.title}, from ${what.from}`}});
    this.element = make('figure', {className: what.own ? 'tile own' : 'tile', data: {title: what.title}},
        make('div', {className: 'screen'}, this.video),
        make('figcaption', {}, make('span', {className: 'title'}, what.title),
             make('span', {className: 'soft'}, what.own ? 'as others see it' : `from ${what.from}`)),
        this.#buttons());
    if (!what.own) this.#measure();
    this.#look();
    this.video.play().catch(() => {});  // a browser that wants a click first gets one: "Turn sound on"
  }

  #buttons() {
    const row = make('div', {className: 'row'});
    const {own, title, stop} = this.what;
    if (own) row.append(button('Stop', stop, {aria: {label: `Stop sending ${title}`}}));
    if (!own && canRecord()) {
      this.record = button('Record', () => this.#toggleRecording(), {aria: {label: `Record ${title}`}});
      this.record.setAttribute('aria-pressed', 'false');
      row.append(this.record);
    }
    if (!own && this.video.requestFullscreen) {
      row.append(button('Full screen', () => this.video.requestFullscreen().catch(() => {}),
                        {className: 'full', aria: {label: `Show ${title} on the full screen`}}));
    }
    return row;
  }

  #measure() {
    const {connection, stream, title} = this.what;
    this.meter = new Meter(connection, stream);
    this.plots = new Plots(title, stream.getVideoTracks().length > 0);
    const wide = matchMedia('(min-width: 44rem)').matches;
    this.element.append(make('details', {open: wide}, make('summary', {}, 'Live figures'),
                             this.plots.element));
  }

  /** Called once a second. */
  async tick() {
    this.#look();
    const sample = await this.meter?.sample();
    if (sample) this.plots.take(sample);
  }

  #look() {
    const pictures = this.what.stream.getVideoTracks().some(({readyState}) => readyState === 'live');
    this.element.classList.toggle('sound-only', !pictures);
    if (pictures && this.plots?.video === false) this.#plotPictures();
  }

  /** Of a camera that began later than its microphone. */
  #plotPictures() {
    const plots = new Plots(this.what.title, true);
    this.plots.element.replaceWith(plots.element);
    this.plots = plots;
  }

  /** @param {boolean} on */
  sound(on) {
    this.video.muted = this.what.own || !on;
    if (this.video.paused) this.video.play().catch(() => {});
  }

  #toggleRecording() {
    if (this.recording) return this.recording.stop();
    try {
      this.recording = new Recording(this.what.stream, (...what) => this.#recorded(...what));
    } catch (error) {
      return notice(`It cannot be recorded: ${error.message}`, 'problem');
    }
    this.#shown(true);
  }

  #recorded(blob, ending, changed) {
    this.recording = null;
    this.#shown(false);
    if (changed) this.#goOn();
    if (blob.size === 0) return notice('Nothing came while it was recorded.');
    const name = fileName(this.what.title, ending);
    this.what.recorded(blob, name);
    save(blob, name);
  }

  /** In another file, of other tracks. */
  #goOn() {
    if (!this.element.isConnected) return;
    if (this.parts.take()) return this.#toggleRecording();
    notice(`${this.what.title} changes all the time: its recording has ended.`);
  }

  #shown(recording) {
    this.record.textContent = recording ? 'Stop recording' : 'Record';
    this.record.setAttribute('aria-label', `${this.record.textContent} ${this.what.title}`);
    this.record.setAttribute('aria-pressed', String(recording));
    this.element.classList.toggle('recording', recording);
  }

  close() {
    this.recording?.stop();
    this.video.srcObject = null;
    this.element.remove();
  }
}
