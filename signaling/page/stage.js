// SPDX-License-Identifier: LGPL-2.1-or-later
// The streams that are shown, and whether one hears them.
import {announce, at} from './dom.js';
import {MOST} from './limits.js';
import {Tile} from './tile.js';

export class Stage {
  /** @param {import('./session.js').Session} session @param {import('./people.js').People} people
   *  @param {import('./files.js').Files} files */
  constructor(session, people, files) {
    this.session = session;
    this.people = people;
    this.files = files;
    /** @type {Map<MediaStream, {tile: Tile, peer: string}>} */
    this.shown = new Map();
    this.loud = false;
    at('sound').onclick = () => this.#sound(!this.loud);
    setInterval(() => {
      for (const {tile} of this.shown.values()) tile.tick();
    }, 1000);
  }

  /** @param {string} peer @param {MediaStream} stream @param {string} said its title, '' for none */
  stream(peer, stream, said) {
    const of = [...this.shown.values()].filter((each) => each.peer === peer).length;
    if (this.shown.has(stream) || of >= MOST.tilesOfOne || this.shown.size >= MOST.tiles) return;
    const from = this.people.name(peer);
    const title = said || (stream.getVideoTracks().length ? 'Video' : 'Sound');
    this.#add(peer, new Tile({
      stream, title, from, connection: () => this.session.connection(peer),
      recorded: (blob, name) => this.files.recorded(blob, name),
    }));
    stream.addEventListener('removetrack', () => {
      if (stream.getTracks().length === 0) this.remove(stream);
    });
    announce(`${from} shows ${title}`);
  }

  /** @param {MediaStream} stream @param {string} title @param {() => void} stop */
  own(stream, title, stop) {
    this.#add(this.session.self, new Tile({stream, title, from: 'you', own: true, stop}));
  }

  #add(peer, tile) {
    tile.sound(this.loud);
    this.shown.set(tile.what.stream, {tile, peer});
    at('stage').append(tile.element);
    this.#empty();
  }

  /** @param {MediaStream} stream */
  remove(stream) {
    this.shown.get(stream)?.tile.close();
    this.shown.delete(stream);
    this.#empty();
  }

  left(peer) {
    for (const [stream, each] of this.shown) if (each.peer === peer) this.remove(stream);
  }

  #sound(on) {
    this.loud = on;
    at('sound').setAttribute('aria-pressed', String(on));
    at('sound').textContent = on ? 'Turn sound off' : 'Turn sound on';
    for (const {tile} of this.shown.values()) tile.sound(on);
  }

  #empty() {
    at('stage-empty').hidden = this.shown.size > 0;
  }
}
