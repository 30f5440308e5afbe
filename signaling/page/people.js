// SPDX-License-Identifier: LGPL-2.1-or-later
// Who is here.
import {announce, at, make} from './dom.js';
import {MOST} from './limits.js';

/** A colour for an id, the same in every browser. */
export const hue = (peer) =>
    ([...peer].reduce((sum, c) => Math.imul(sum ^ c.charCodeAt(0), 0x01000193), 0x811c9dc5) >>> 8) % 360;

export class People {
  /** @param {string} self */
  constructor(self) {
    this.self = self;
    /** @type {Map<string, {name: string, line: HTMLElement}>} */
    this.known = new Map();
    this.#add(self, 'You');
  }

  /** Names are no proof of anything: a part of the id always stands beside them. @param {string} peer */
  name(peer) {
    if (peer === this.self) return 'You';
    const name = this.known.get(peer)?.name;
    return name ? `${name} (${peer.slice(0, 5)})` : `peer ${peer.slice(0, 5)}`;
  }

  joined(peer) {
    if (this.known.has(peer) || this.known.size >= MOST.people) return;
    this.#add(peer, '');
    announce(`${this.name(peer)} is here`);
  }

  left(peer) {
    const person = this.known.get(peer);
    if (!person) return;
    announce(`${this.name(peer)} has left`);
    person.line.remove();
    this.known.delete(peer);
    this.#count();
  }

  named(peer, name) {
    const person = this.known.get(peer);
    if (!person) return;
    person.name = name;
    this.#write(peer, person);
  }

  #add(peer, name) {
    const person = {name, line: make('li', {title: peer, data: {peer}})};
    this.known.set(peer, person);
    at('people').append(person.line);
    this.#write(peer, person);
    this.#count();
  }

  #write(peer, {name, line}) {
    const dot = make('span', {className: 'dot', aria: {hidden: 'true'}});
    dot.style.setProperty('--hue', hue(peer));
    const shown = peer === this.self && name !== 'You' ? `${name} (you)` : name || 'peer';
    line.replaceChildren(dot, make('span', {className: 'who'}, shown),
                         make('span', {className: 'id'}, peer.slice(0, 5)));
  }

  #count() {
    at('people-count').textContent = String(this.known.size);
  }
}
