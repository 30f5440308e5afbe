// SPDX-License-Identifier: LGPL-2.1-or-later
// The room as the rest of the page sees it: trystero, with what comes from strangers cut to size.
import {getRelaySockets, joinRoom, selfId} from 'trystero';

import {MOST, Rate, short} from './limits.js';

/** @typedef {object} Listener what happens; every text has been cut to size
 *  @property {(peer: string) => void} joined
 *  @property {(peer: string) => void} left
 *  @property {(peer: string, name: string) => void} named
 *  @property {(peer: string, text: string) => void} said
 *  @property {(peer: string, stream: MediaStream, title: string) => void} stream
 *  @property {(peer: string, id: string, name: string, part: number) => void} coming a file, 0 to 1
 *  @property {(peer: string, id: string, name: string, file: Blob|null) => void} came
 *    null: it was none
 *  @property {(peer: string) => void} flooded not all that it says is told
 *  @property {(text: string) => void} trouble */

/** What is said of a file; none for any other message of that name. */
function fileOf(metadata) {
  const said = metadata && typeof metadata === 'object' ? metadata : {};
  const name = short(said.name, MOST.fileName).trim();
  return name ? {name, id: short(said.id, 64) || name, type: short(said.type, 100)} : null;
}

export class Session {
  self = selfId;
  /** Streams of ours, for those who come later. @type {Map<MediaStream, object>} */
  own = new Map();
  name = '';
  /** @type {Map<string, {talk: Rate, told: Rate}>} */
  rates = new Map();
  gone = false;

  /** @param {{app: string, room: string, password: string, ice: string[], relay: string}} where
   *  @param {Listener} listener */
  constructor({app, room, password, ice, relay}, listener) {
    this.listener = listener;
    const config = {appId: app, relayConfig: {urls: [relay]},
                    rtcConfig: {iceServers: ice.map((urls) => ({urls}))}};
    if (password) config.password = password;
    this.room = joinRoom(config, room, {
      onJoinError: ({error}) => listener.trouble(short(String(error), 200)),
    });
    this.room.onPeerJoin = (peer) => this.#joined(peer);
    this.room.onPeerLeave = (peer) => {
      this.rates.delete(peer);
      listener.left(peer);
    };
    this.room.onPeerStream = (stream, peer, said) =>
        listener.stream(peer, stream, short(said?.title, MOST.title).trim());
    this.#openChannels();
  }

  /** Whether this peer has not said too much lately; what is over that is dropped. */
  #mayTalk(peer) {
    if (!this.rates.has(peer)) {
      this.rates.set(peer, {talk: new Rate(MOST.rate, 5000), told: new Rate(1, 5000)});
    }
    const {talk, told} = this.rates.get(peer);
    if (talk.take()) return true;
    if (told.take()) this.listener.flooded(peer);
    return false;
  }

  #openChannels() {
    const {room, listener} = this;
    this.chatChannel = room.makeAction('chat', {onMessage: (text, {peerId}) => {
      if (typeof text === 'string' && this.#mayTalk(peerId)) listener.said(peerId, short(text, MOST.chat));
    }});
    this.nameChannel = room.makeAction('name', {onMessage: (name, {peerId}) => {
      if (this.#mayTalk(peerId)) listener.named(peerId, short(name, MOST.name).trim());
    }});
    this.fileChannel = room.makeAction('file', {
      onMessage: (data, {peerId, metadata}) => {
        const file = fileOf(metadata);
        if (!file) return;
        const bytes = data instanceof ArrayBuffer || ArrayBuffer.isView(data);
        // Its own type would let the browser open it as a page of this origin.
        const blob = bytes && this.#mayTalk(peerId) && new Blob([data], {type: 'application/octet-stream'});
        listener.came(peerId, file.id, file.name, blob || null);
      },
      onReceiveProgress: (part, {peerId, metadata}) => {
        const file = fileOf(metadata);
        if (file) listener.coming(peerId, file.id, file.name, Math.min(1, Math.max(0, part)));
      },
    });
  }

  #joined(peer) {
    this.listener.joined(peer);
    if (this.name) this.nameChannel.send(this.name, {target: peer}).catch(() => {});
    for (const [stream, metadata] of this.own) {
      this.room.addStream(stream, {target: peer, metadata});
    }
  }

  /** Whether the relay hears us. */
  get connected() {
    return Object.values(getRelaySockets()).some((socket) => socket?.readyState === WebSocket.OPEN);
  }

  /** @param {string} peer @returns {RTCPeerConnection|undefined} */
  connection(peer) {
    return this.room.getPeers()[peer];
  }

  get others() {
    return Object.keys(this.room.getPeers()).length;
  }

  /** @param {string} text */
  say(text) {
    return this.chatChannel.send(text);
  }

  /** @param {string} name */
  call(name) {
    this.name = name;
    return this.nameChannel.send(name);
  }

  /** @param {File} file @param {(part: number) => void} progress the slowest of all who take it */
  async sendFile(file, progress) {
    const parts = new Map();
    const metadata = {name: file.name, type: file.type, size: file.size, id: crypto.randomUUID()};
    await this.fileChannel.send(await file.arrayBuffer(), {metadata, onProgress: (part, {peerId}) => {
      parts.set(peerId, part);
      progress(Math.min(...parts.values()));
    }});
  }

  /** @param {MediaStream} stream @param {string} title @param {string} kind camera or screen */
  show(stream, title, kind) {
    const metadata = {title, kind};
    this.own.set(stream, metadata);
    return Promise.all(this.room.addStream(stream, {metadata}));
  }

  /** @param {MediaStream} stream */
  hide(stream) {
    if (!this.own.delete(stream)) return;
    this.room.removeStream(stream);
  }

  async leave() {
    if (this.gone) return;
    this.gone = true;
    await this.room.leave();
  }
}
