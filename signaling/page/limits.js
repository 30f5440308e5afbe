// SPDX-License-Identifier: LGPL-2.1-or-later
// How much of anything we take from a stranger, and the words for sizes.

export const MOST = {
  name: 40,             // characters of what a peer calls itself
  title: 80,            // of what it calls a stream
  chat: 4000,           // of one message
  lines: 300,           // messages that are kept
  announcements: 5,     // that wait for a screen reader
  rate: 100,            // messages of one peer in five seconds: a short text from a pipe
  fileName: 120,
  file: 64 * 2 ** 20,   // what native peers take from a page and send to one
  kept: 512 * 2 ** 20,  // bytes of received files and recordings that wait to be saved
  files: 64,
  people: 256,          // that are listed
  tilesOfOne: 8,        // streams of one peer that are shown
  tiles: 24,
  recording: 512 * 2 ** 20,
  parts: 5,             // of a recording, in a minute: each change of a stream's tracks begins another file
};

/** Without what hides or turns the direction of text, and not longer than that.
 *  @param {unknown} text @param {number} most characters */
export function short(text, most) {
  if (typeof text !== 'string') return '';
  const clean = text.slice(0, 4 * most).replace(/[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, ' ');
  const letters = [...clean];
  return letters.length > most ? `${letters.slice(0, most - 1).join('')}…` : clean;
}

/** @param {number} bytes */
export function size(bytes) {
  if (bytes < 1000) return `${bytes} bytes`;
  const units = ['kB', 'MB', 'GB'];
  let value = bytes / 1000;
  while (value >= 1000 && units.length > 1) {
    value /= 1000;
    units.shift();
  }
  return `${value.toFixed(value < 10 ? 1 : 0)} ${units[0]}`;
}

/** True as long as nobody does something more often than he may. */
export class Rate {
  /** @param {number} most @param {number} span milliseconds */
  constructor(most, span) {
    this.most = most;
    this.span = span;
    /** @type {number[]} */
    this.times = [];
  }

  take(now = performance.now()) {
    this.times = this.times.filter((time) => time > now - this.span);
    if (this.times.length >= this.most) return false;
    this.times.push(now);
    return true;
  }
}
