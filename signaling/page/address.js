// SPDX-License-Identifier: LGPL-2.1-or-later
// What the address of the page says: which room, of which application, over which relay.
/** `#demo`, or `#room=demo&password=…`. What stands behind `#` never reaches the server. */
function ofFragment() {
  const text = location.hash.slice(1);
  if (text.includes('=')) return new URLSearchParams(text);
  const words = new URLSearchParams();
  if (!text) return words;
  try {
    words.set('room', decodeURIComponent(text));
  } catch {
    words.set('room', text);  // a lone % is part of the name
  }
  return words;
}

/** @returns {{room: string, password: string, app: string, ice: string[]}} room: '' for none */
export function asked() {
  const query = new URLSearchParams(location.search);
  const fragment = ofFragment();
  const word = (name) => fragment.get(name) ?? query.get(name) ?? '';
  return {
    room: word('room').slice(0, 256),
    // A password that was typed is kept with the entry of the history, not in the address.
    password: fragment.get('password') ?? history.state?.password ?? '',
    app: word('app') || 'genos',
    ice: word('ice').split(',').filter((url) => /^stuns?:[\w.:[\]-]+$/.test(url)),
  };
}

/** The relay is where the page came from. */
export function relayUrl() {
  const url = new URL('.', location.href);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  url.search = url.hash = '';
  return url.href;
}

/** The address of this page in that room, without any password. @param {string} room */
export function linkTo(room) {
  const url = new URL(location.href);
  url.searchParams.delete('room');
  const words = ofFragment();
  words.delete('password');
  words.set('room', room);
  url.hash = words.toString();
  return url.href;
}
