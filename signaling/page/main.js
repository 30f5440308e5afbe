// SPDX-License-Identifier: LGPL-2.1-or-later
// The watch page: a door when the address names no room, else the room.
import {asked, linkTo, relayUrl} from './address.js';
import {Chat} from './chat.js';
import {announce, at, notice} from './dom.js';
import {Files} from './files.js';
import {MOST, short} from './limits.js';
import {offerOwnMedia} from './own_media.js';
import {People} from './people.js';
import {Session} from './session.js';
import {Stage} from './stage.js';

const stored = {
  get name() {
    try {
      return short(localStorage.getItem('name') ?? '', MOST.name);
    } catch {
      return '';  // a browser that keeps nothing
    }
  },
  set name(text) {
    try {
      localStorage.setItem('name', text);
    } catch { /* as above */ }
  },
};

/** Encryption, and cameras, are for pages that came over TLS or from this very machine. */
function usable() {
  if (window.isSecureContext && window.RTCPeerConnection) return true;
  at('unusable').hidden = false;
  at('unusable-why').textContent = window.isSecureContext
    ? 'This browser has no WebRTC, so it cannot talk to anybody here.'
    : 'A browser encrypts nothing for a page that came over plain http from another machine. Open it ' +
      'by https, as “genos-signald --listen 0.0.0.0:7712” serves it; or, on the machine that serves ' +
      `it, as http://localhost:${location.port}/`;
  return false;
}

function showDoor() {
  at('door').hidden = false;
  for (const place of document.querySelectorAll('.relay')) place.textContent = location.origin.replace(/^http/, 'ws');
  at('enter-name').value = stored.name;
  at('enter').onsubmit = (event) => {
    event.preventDefault();
    const room = at('enter-room').value.trim();
    if (!room) return;
    stored.name = at('enter-name').value.trim();
    const password = at('enter-password').value;
    at('door').hidden = true;
    history.pushState(password ? {password} : null, '', linkTo(room));
    showRoom();
    at('sound').focus();  // a phone would show its keyboard for a field
  };
  at('enter-room').focus();
}

/** A part that is made after the session hears of what happens all the same. */
function openSession(where) {
  const parts = {};
  const session = new Session({...where, relay: relayUrl()}, {
    joined(peer) {
      parts.people.joined(peer);
      parts.chat.happened(`${parts.people.name(peer)} is here`);
    },
    left(peer) {
      parts.chat.happened(`${parts.people.name(peer)} has left`);
      parts.stage.left(peer);
      parts.files.left(peer);
      parts.people.left(peer);
    },
    named: (peer, name) => parts.people.named(peer, name),
    said: (peer, text) => parts.chat.said(peer, text),
    stream: (peer, stream, title) => parts.stage.stream(peer, stream, title),
    coming: (...file) => parts.files.coming(...file),
    came: (...file) => parts.files.came(...file),
    flooded: (peer) => parts.chat.happened(`${parts.people.name(peer)} says too much at once: not all of it is shown`),
    trouble: (text) => notice(/password/.test(text) ? 'Somebody here uses another password.' : text, 'problem'),
  });
  parts.people = new People(session.self);
  parts.chat = new Chat(session, parts.people);
  parts.files = new Files(session, parts.people);
  parts.stage = new Stage(session, parts.people, parts.files);
  parts.own = offerOwnMedia(session, parts.stage);
  return {session, ...parts};
}

function watchConnection(session) {
  let before = false;
  const look = () => {
    const connected = session.connected;
    if (connected !== before) announce(connected ? 'Connected to the server' : 'The server is gone');
    before = connected;
    at('state').textContent = connected ? 'connected' : 'no server';
    at('state').classList.toggle('good', connected);
  };
  setInterval(look, 1000);
}

function takeName(session, people) {
  const take = (name) => {
    stored.name = name;
    people.named(session.self, name || 'You');
    session.call(name).catch(() => {});
  };
  at('own-name').value = stored.name;
  if (stored.name) take(stored.name);
  at('rename').onsubmit = (event) => {
    event.preventDefault();
    take(short(at('own-name').value, MOST.name).trim());
    notice('Your name is set.');
  };
}

function leaveBy(session, own) {
  at('leave').onclick = async () => {
    own.forEach((source) => source.stop());
    await Promise.race([session.leave(), new Promise((resolve) => setTimeout(resolve, 1000))]);
    location.assign(location.pathname);
  };
  // Others need not wait until the connection times out.
  addEventListener('pagehide', () => session.leave());
}

function showRoom() {
  const where = asked();
  at('room').hidden = false;
  at('where').hidden = false;
  const shown = short(where.room, MOST.title);
  at('room-name').textContent = shown;
  at('locked').hidden = !where.password;
  document.title = shown;
  const {session, people, own} = openSession(where);
  watchConnection(session);
  takeName(session, people);
  leaveBy(session, own);
  at('link').onclick = () => navigator.clipboard.writeText(linkTo(where.room))
      .then(() => notice(where.password ? 'Copied, without the password.' : 'Copied.'),
            () => notice(`The address of this room: ${linkTo(where.room)}`));
  addEventListener('hashchange', () => location.reload());
  addEventListener('popstate', () => location.reload());
  // A page that the browser has kept aside has left its room.
  addEventListener('pageshow', ({persisted}) => persisted && location.reload());
}

if (usable()) {
  if (asked().room) showRoom();
  else showDoor();
}
