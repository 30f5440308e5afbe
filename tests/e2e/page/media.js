// SPDX-License-Identifier: LGPL-2.1-or-later
// Streams that a page can send, and what it can tell about those it receives.
import {SIDE, fieldsOf} from './painted.js';

/** A moving picture and a tone that need no permission, so addresses stay hidden by mDNS. */
function drawn(kinds) {
  const stream = new MediaStream();
  if (kinds.includes('video')) {
    const canvas = Object.assign(document.createElement('canvas'), {width: 320, height: 240});
    const draw = canvas.getContext('2d');
    let frame = 0;
    setInterval(() => {
      draw.fillStyle = `hsl(${frame++ % 360} 80% 50%)`;
      draw.fillRect(0, 0, 320, 240);
      draw.fillStyle = 'black';
      draw.fillRect(frame % 320, 100, 40, 40);
    }, 40);
    canvas.captureStream(25).getTracks().forEach((track) => stream.addTrack(track));
  }
  if (kinds.includes('audio')) {
    const context = new AudioContext();
    const tone = context.createOscillator();
    const out = context.createMediaStreamDestination();
    tone.connect(out);
    tone.start();
    out.stream.getTracks().forEach((track) => stream.addTrack(track));
  }
  return stream;
}

/** A picture with its number painted into it 25 times a second, and a tick with every fiftieth. Its
 *  `turn()` is what a telephone does that is turned. */
function numbered() {
  const canvas = Object.assign(document.createElement('canvas'), {width: 320, height: 240});
  const draw = canvas.getContext('2d');
  const context = new AudioContext();
  const out = context.createMediaStreamDestination();
  // Chromium sends nothing at all while nothing plays: what is heard between two ticks is quiet.
  const tone = new OscillatorNode(context, {frequency: 1000});
  const volume = new GainNode(context, {gain: 0.001});
  tone.connect(volume).connect(out);
  tone.start();
  const tick = () => {
    volume.gain.setValueAtTime(1, context.currentTime);
    volume.gain.setValueAtTime(0.001, context.currentTime + 0.05);
  };
  let frame = 0;
  let turns = false;  // which clears it: only with the next picture
  setInterval(() => {
    if (turns) [canvas.width, canvas.height, turns] = [canvas.height, canvas.width, false];
    fieldsOf(frame).forEach((white, at) => {
      draw.fillStyle = white ? 'white' : 'black';
      const [width, height] = [canvas.width / SIDE, canvas.height / SIDE];
      draw.fillRect(at % SIDE * width, Math.floor(at / SIDE) * height, width, height);
    });
    if (frame % 50 === 0) tick();
    frame++;
  }, 40);
  const stream = new MediaStream([...canvas.captureStream(25).getTracks(), ...out.stream.getTracks()]);
  const turn = () => {
    turns = true;
  };
  return Object.assign(stream, {turn});
}

/** @param {'camera'|'canvas'|'numbered'} source @param {string[]} kinds */
export function makeStream(source, kinds) {
  if (source === 'canvas') return drawn(kinds);
  if (source === 'numbered') return numbered();
  const video = kinds.includes('video') && {width: 320, height: 240, frameRate: 20};
  return navigator.mediaDevices.getUserMedia({video, audio: kinds.includes('audio')});
}

/** From now on this page offers video in this codec and no other. @param {string} codec 'video/AV1' */
export function videoOnlyIn(codec) {
  const {addTrack} = RTCPeerConnection.prototype;
  RTCPeerConnection.prototype.addTrack = function(track, ...streams) {
    const sender = addTrack.call(this, track, ...streams);
    if (track.kind !== 'video') return sender;
    const {codecs} = RTCRtpReceiver.getCapabilities('video');
    this.getTransceivers().find((each) => each.sender === sender)
        .setCodecPreferences(codecs.filter(({mimeType}) => mimeType === codec));
    return sender;
  };
}

/** From now on this page is a browser without that codec for video: the answer rejects a line that
 *  offers nothing else. @param {string} codec 'video/AV1' */
export function noVideoIn(codec) {
  const {setRemoteDescription} = RTCPeerConnection.prototype;
  const {codecs} = RTCRtpReceiver.getCapabilities('video');
  const others = codecs.filter(({mimeType}) => mimeType !== codec);
  RTCPeerConnection.prototype.setRemoteDescription = async function(description) {
    await setRemoteDescription.call(this, description);
    if (description.type !== 'offer') return;
    this.getTransceivers().filter(({receiver, currentDirection}) =>
      receiver.track.kind === 'video' && !currentDirection)
        .forEach((each) => each.setCodecPreferences(others));
  };
}

/** Runs `add` while the next offer of the other side is being applied. The track then goes onto that
 *  offer's line, and the browser does not call for a negotiation. @param {() => Promise} add */
export function whileOfferIsApplied(add) {
  const {setRemoteDescription} = RTCPeerConnection.prototype;
  return new Promise((resolve, reject) => {
    RTCPeerConnection.prototype.setRemoteDescription = async function(description) {
      await setRemoteDescription.call(this, description);
      if (description.type !== 'offer') return;
      RTCPeerConnection.prototype.setRemoteDescription = setRemoteDescription;
      await add().then(resolve, reject);
    };
  });
}

/** A stream that nobody renders is not decoded everywhere, and a muted element pulls no sound: the
 *  browser as a whole is silent (--mute-audio). @param {() => void} shown its first picture stands */
export function play(stream, shown) {
  const video = document.createElement('video');
  video.requestVideoFrameCallback(shown);
  Object.assign(video, {srcObject: stream, autoplay: true});
  document.body.append(video);
  video.play().catch((error) => console.warn(`play: ${error}`));
}

/** What arrives on one connection, summed over its tracks. @param {RTCPeerConnection} connection */
export async function received(connection) {
  const total = {
    video: {tracks: 0, packets: 0, frames: 0, freezes: 0, nacks: 0, repaired: 0, width: 0, height: 0, codec: ''},
    audio: {tracks: 0, packets: 0, energy: 0},
  };
  const report = await connection.getStats();
  report.forEach((entry) => {
    if (entry.type !== 'inbound-rtp' || !entry.packetsReceived) return;
    const kind = total[entry.kind];
    kind.tracks++;
    kind.packets += entry.packetsReceived;
    if (entry.kind === 'audio') kind.energy += entry.totalAudioEnergy ?? 0;
    if (entry.kind !== 'video') return;
    kind.frames += entry.framesDecoded ?? 0;
    kind.freezes += entry.freezeCount ?? 0;
    kind.nacks += entry.nackCount ?? 0;
    kind.repaired += entry.retransmittedPacketsReceived ?? 0;
    kind.width = Math.max(kind.width, entry.frameWidth ?? 0);
    kind.height = Math.max(kind.height, entry.frameHeight ?? 0);
    kind.codec = report.get(entry.codecId)?.mimeType ?? kind.codec;
  });
  return total;
}

/** Which address types our own candidates show: host, mdns, srflx, relay. */
export async function addresses(connection) {
  const report = await connection.getStats();
  const types = new Set();
  report.forEach((entry) => {
    if (entry.type !== 'local-candidate') return;
    const hidden = !entry.address || entry.address.endsWith('.local');
    types.add(entry.candidateType === 'host' && hidden ? 'mdns' : entry.candidateType);
  });
  return [...types];
}
