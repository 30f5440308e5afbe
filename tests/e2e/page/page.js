// SPDX-License-Identifier: LGPL-2.1-or-later
// A web page as an actor of the driver protocol (README.md): unmodified trystero, told what to do by
// window.actor.do(command), telling what happened by window.emit(event).
import {getRelaySockets, joinRoom, selfId} from 'trystero';
import {pattern, sha256} from './bytes.js';
import {decode} from './codec.js';
import {lipSync} from './lips.js';
import {addresses, makeStream, noVideoIn, play, received, videoOnlyIn, whileOfferIsApplied} from './media.js';
import {decodedPictures} from './painted.js';
import {loseFirstMessages} from './trouble.js';

/** @type {Map<string, {room: object, channels: Map, streams: Map}>} */
const rooms = new Map();
/** @type {Map<string, MediaStream>} what came, by its id */
const seen = new Map();
const now = () => performance.timeOrigin + performance.now();
const emit = (event, fields) => window.emit({event, t: now(), ...fields});

/** The value that a send or an answer carries. */
function payloadOf(command) {
  if (command.kind === 'bytes') return pattern(command.size, command.seed);
  return command.kind === 'json' ? command.json : command.text;
}

/** A received value in the words of the protocol. */
async function describe(data) {
  if (typeof data === 'string') return {kind: 'text', text: data};
  if (data instanceof ArrayBuffer || ArrayBuffer.isView(data)) {
    return {kind: 'bytes', size: data.byteLength, sha256: await sha256(data)};
  }
  return {kind: 'json', json: data};
}

/** Reports the first, the last and every twentieth of a transfer, and whether it ever went back. */
function progressReporter(fields) {
  let last = -1;
  let count = 0;
  return (fraction, {peerId, metadata}) => {
    count++;
    const back = fraction < last;
    const step = Math.floor(fraction * 20) !== Math.floor(last * 20);
    if (last < 0 || back || step || fraction === 1) {
      emit('progress', {...fields, peer: peerId, fraction, count, back, meta: metadata});
    }
    last = fraction === 1 ? -1 : fraction;
    if (fraction === 1) count = 0;
  };
}

async function answer(mode, data) {
  if (mode === 'fail') throw new Error('refused by the test');
  if (mode === 'never') return new Promise(() => {});
  return data;
}

function requestChannel(name, room, command) {
  return room.makeAction(name, {
    kind: 'request',
    onRequest: async (data, {peerId, metadata}) => {
      const what = await describe(data);
      emit('request', {room: command.room, channel: name, peer: peerId, meta: metadata, ...what});
      return answer(command.answer, data);
    },
  });
}

function messageChannel(name, room, command) {
  const where = {room: command.room, channel: name};
  return room.makeAction(name, {
    onMessage: async (data, {peerId, metadata}) => {
      const t = now();  // before the hash is computed
      emit('message', {...where, peer: peerId, meta: metadata, ...await describe(data), t});
    },
    onReceiveProgress: progressReporter(where),
  });
}

function reportStreams(room, name) {
  room.onPeerStream = (stream, peerId, metadata) => {
    seen.set(stream.id, stream);
    play(stream, () => emit('shown', {room: name, peer: peerId, stream: stream.id}));
    const tracks = stream.getTracks().map((track) => track.kind);
    emit('stream', {room: name, peer: peerId, stream: stream.id, tracks, meta: metadata});
    stream.onaddtrack = ({track}) =>
        emit('track-begin', {room: name, peer: peerId, stream: stream.id, kind: track.kind});
    stream.onremovetrack = ({track}) =>
        emit('track-end', {room: name, peer: peerId, stream: stream.id, kind: track.kind});
  };
}

const commands = {
  join({app, room: name, password, relays, ice = [], passive, trickle}) {
    const config = {appId: app, password, relayConfig: {urls: relays}, passive, trickleIce: trickle,
                    rtcConfig: {iceServers: ice.map((urls) => ({urls}))}};
    const t = now();
    const room = joinRoom(config, name, {
      onJoinError: ({error, peerId}) => emit('join-error', {room: name, peer: peerId, error}),
    });
    room.onPeerJoin = (peer) => emit('peer-join', {room: name, peer});
    room.onPeerLeave = (peer) => emit('peer-leave', {room: name, peer});
    reportStreams(room, name);
    rooms.set(name, {room, channels: new Map(), streams: new Map()});
    return {self: selfId, t};
  },

  async leave({room: name}) {
    const t = now();
    await rooms.get(name).room.leave();
    rooms.delete(name);
    return {t};
  },

  channel(command) {
    const {room, channels} = rooms.get(command.room);
    const make = command.answer ? requestChannel : messageChannel;
    channels.set(command.channel, make(command.channel, room, command));
  },

  async send(command) {
    const {channels} = rooms.get(command.room);
    const data = payloadOf(command);
    const t = now();
    const report = progressReporter({room: command.room, channel: command.channel, sent: true});
    await channels.get(command.channel).send(data, {
      target: command.to, metadata: command.meta, onProgress: command.progress ? report : undefined,
    });
    return {t};
  },

  async request(command) {
    const {channels} = rooms.get(command.room);
    const data = await channels.get(command.channel).request(payloadOf(command), {
      target: command.to, metadata: command.meta, timeoutMs: command.timeout,
    });
    return describe(data);
  },

  async ping({room: name, to}) {
    return {ms: await rooms.get(name).room.ping(to)};
  },

  async 'add-media'({room: name, source = 'camera', media, to, meta, codec, into}) {
    const {room, streams} = rooms.get(name);
    if (codec) videoOnlyIn(codec);
    const stream = await makeStream(source, media);
    streams.set(stream.id, stream);
    const t = now();
    const add = () => Promise.all(room.addStream(stream, {target: to, metadata: meta}));
    const done = into === 'offer' ? whileOfferIsApplied(add) : add();
    if (into) emit('media-waits', {room: name});
    await done;
    return {stream: stream.id, t};
  },

  'mute-media'({room: name, stream, kind, muted}) {
    for (const track of rooms.get(name).streams.get(stream).getTracks())
      if (track.kind === kind) track.enabled = !muted;
  },

  'turn-media'({room: name, stream}) {
    rooms.get(name).streams.get(stream).turn();
  },

  'lack-codec'({codec}) {
    noVideoIn(codec);
  },

  'lose-first-messages'({count}) {
    loseFirstMessages(count);
  },

  'remove-media'({room: name, stream}) {
    const {room, streams} = rooms.get(name);
    room.removeStream(streams.get(stream));
    streams.get(stream).getTracks().forEach((track) => track.stop());
    streams.delete(stream);
  },

  'media-stats'({room: name, peer}) {
    return received(rooms.get(name).room.getPeers()[peer]);
  },

  async 'lip-sync'({stream, seconds, apart}) {
    return {offsets: await lipSync(seen.get(stream), seconds, apart)};
  },

  async painted({stream, seconds}) {
    return {frames: await decodedPictures(seen.get(stream), seconds)};
  },

  async addresses({room: name, peer}) {
    return {types: await addresses(rooms.get(name).room.getPeers()[peer])};
  },

  decode({codec, chunks}) {
    return decode(codec, chunks);
  },

  peers({room: name}) {
    return {peers: Object.keys(rooms.get(name).room.getPeers())};
  },

  relays() {
    const states = Object.entries(getRelaySockets()).map(([url, socket]) => [url, socket.readyState]);
    return {relays: Object.fromEntries(states)};
  },
};

window.actor = {
  self: selfId,
  /** Never rejects: failures are answers of the protocol too. */
  async do(command) {
    try {
      return {event: 'done', t: now(), ...await commands[command.do](command)};
    } catch (error) {
      return {event: 'failed', t: now(), error: String(error?.message ?? error)};
    }
  },
};
