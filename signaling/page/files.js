// SPDX-License-Identifier: LGPL-2.1-or-later
// Files that come and go, and recordings: a list of what is on its way and what can be saved.
import {announce, at, button, make, notice, save} from './dom.js';
import {MOST, size} from './limits.js';

export class Files {
  /** @param {import('./session.js').Session} session @param {import('./people.js').People} people */
  constructor(session, people) {
    this.session = session;
    this.people = people;
    /** Lines of files that are on their way, by peer and id. */
    this.under_way = new Map();
    /** What is held in memory, oldest first. @type {{line: HTMLElement, blob: Blob}[]} */
    this.kept = [];
    const input = at('file-input');
    at('file').onclick = () => input.click();
    input.onchange = () => {
      for (const file of input.files) this.send(file);
      input.value = '';
    };
  }

  /** @param {File} file */
  async send(file) {
    if (this.session.others === 0) return notice('Nobody else is here to take it.');
    if (file.size > MOST.file) return notice(`${file.name} has ${size(file.size)}: 64 MiB is the most.`, 'problem');
    const line = this.#line(`${file.name}, to everybody`, size(file.size));
    try {
      await this.session.sendFile(file, (part) => this.#progress(line, part));
      this.#finish(line, 'sent');
      announce(`${file.name} is sent`);
    } catch (error) {
      this.#finish(line, 'not sent');
      notice(`${file.name} was not sent: ${error.message}`, 'problem');
    }
  }

  coming(peer, id, name, part) {
    const key = `${peer} ${id}`;
    if (!this.under_way.has(key)) {
      if (this.under_way.size >= MOST.files) return;
      this.under_way.set(key, this.#line(name, `from ${this.people.name(peer)}`));
    }
    this.#progress(this.under_way.get(key), part);
  }

  came(peer, id, name, blob) {
    const key = `${peer} ${id}`;
    const line = this.under_way.get(key) ?? this.#line(name, `from ${this.people.name(peer)}`);
    this.under_way.delete(key);
    if (!blob || blob.size > MOST.file) return line.remove();
    this.#keep(line, blob, name);
    announce(`${name} has come from ${this.people.name(peer)}`);
  }

  left(peer) {
    for (const [key, line] of this.under_way) {
      if (!key.startsWith(`${peer} `)) continue;
      this.#finish(line, 'broken off');
      this.under_way.delete(key);
    }
  }

  /** @param {Blob} blob @param {string} name */
  recorded(blob, name) {
    this.#keep(this.#line(name, 'recorded here'), blob, name);
  }

  #keep(line, blob, name) {
    this.#finish(line, size(blob.size));
    line.append(button('Save', () => save(blob, name), {aria: {label: `Save ${name}`}}));
    this.kept.push({line, blob});
    const held = () => this.kept.reduce((sum, each) => sum + each.blob.size, 0);
    while (this.kept.length > 1 && (held() > MOST.kept || this.kept.length > MOST.files)) {
      this.kept.shift().line.remove();
    }
  }

  #line(name, detail) {
    at('files-empty').hidden = true;
    const line = make('li', {className: 'file'}, make('span', {className: 'what'}, name),
                      make('span', {className: 'soft'}, detail),
                      make('progress', {max: 1, value: 0, aria: {label: name}}));
    at('files').prepend(line);
    while (at('files').childElementCount > 3 * MOST.files) at('files').lastChild.remove();
    return line;
  }

  #progress(line, part) {
    const bar = line.querySelector('progress');
    if (bar) bar.value = part;
  }

  #finish(line, text) {
    line.querySelector('progress')?.replaceWith(make('span', {className: 'soft'}, text));
  }
}
