// SPDX-License-Identifier: LGPL-2.1-or-later
// Elements from words. Text goes in as text only: nothing remote is ever parsed as markup.
import {MOST} from './limits.js';

/** @param {string} id @returns {HTMLElement} */
export const at = (id) => document.getElementById(id);

/** @param {string} tag @param {object} [fields] properties; `aria` and `data` are maps
 *  @param {...(Node|string)} children @returns {HTMLElement} */
export function make(tag, {aria = {}, data = {}, ...fields} = {}, ...children) {
  const element = Object.assign(document.createElement(tag), fields);
  for (const [name, value] of Object.entries(aria)) element.setAttribute(`aria-${name}`, value);
  Object.assign(element.dataset, data);
  element.append(...children);
  return element;
}

/** @param {string} text @param {() => void} act @param {object} [fields] */
export function button(text, act, fields = {}) {
  return make('button', {type: 'button', onclick: act, ...fields}, text);
}

/** Says it to those who listen, without moving the focus. What is said in the same moment stays: a
 *  screen reader that is still speaking would miss what is taken away. @param {string} text */
export function announce(text) {
  const said = at('announcements');
  said.append(make('p', {}, text));
  while (said.childElementCount > MOST.announcements) said.firstChild.remove();
}

let forgetting;

/** Says it to everybody, for a while. @param {string} text @param {'note'|'problem'} kind */
export function notice(text, kind = 'note') {
  const line = at('notice');
  line.replaceChildren(make('p', {className: kind}, text));
  clearTimeout(forgetting);
  forgetting = setTimeout(() => line.replaceChildren(), kind === 'problem' ? 12_000 : 6_000);
}

/** Lets the browser store it. @param {Blob} blob @param {string} name */
export function save(blob, name) {
  const url = URL.createObjectURL(blob);
  const link = make('a', {href: url, download: name});
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
