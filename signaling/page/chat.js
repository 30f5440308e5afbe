// SPDX-License-Identifier: LGPL-2.1-or-later
// Messages to and from everybody, as `genos chat` writes and reads them.
import {at, make, notice} from './dom.js';
import {MOST} from './limits.js';
import {hue} from './people.js';

export class Chat {
  /** @param {import('./session.js').Session} session @param {import('./people.js').People} people */
  constructor(session, people) {
    this.people = people;
    this.log = at('chat');
    at('say').onsubmit = (event) => {
      event.preventDefault();
      const input = at('say-text');
      const text = input.value.trim();
      if (!text) return;
      if (session.others === 0) return notice('Nobody else is here to read it.');
      session.say(text).catch((error) => notice(`Not sent: ${error.message}`, 'problem'));
      this.said(session.self, text);
      input.value = '';
    };
  }

  said(peer, text) {
    const stays = this.log.scrollTop + this.log.clientHeight < this.log.scrollHeight - 40;
    const who = make('b', {className: 'who'}, this.people.name(peer));
    who.style.setProperty('--hue', hue(peer));
    const time = new Date().toLocaleTimeString([], {hour: '2-digit', minute: '2-digit'});
    this.#append(make('p', {className: 'said'}, who, ' ', make('time', {}, time),
                      make('span', {className: 'text', dir: 'auto'}, text)), stays);
  }

  /** What happened, between the messages. @param {string} text */
  happened(text) {
    const stays = this.log.scrollTop + this.log.clientHeight < this.log.scrollHeight - 40;
    this.#append(make('p', {className: 'happened', aria: {hidden: 'true'}}, text), stays);
  }

  #append(line, stays) {
    this.log.append(line);
    while (this.log.childElementCount > MOST.lines) this.log.firstChild.remove();
    if (!stays) this.log.scrollTop = this.log.scrollHeight;
  }
}
