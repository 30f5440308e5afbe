// SPDX-License-Identifier: LGPL-2.1-or-later
// Runs inside the browser: plays negotiations between connections of one page and keeps every
// description and candidate that the browser made. `webrtcbin` holds descriptions of GStreamer 1.22.
export async function play({media, webrtcbin}) {
  const kept = {}, candidates = [];
  const keep = (name, pc) => { kept[name] = pc.localDescription.sdp; };
  const connection = (name) => {
    const pc = new RTCPeerConnection();
    pc.onicecandidate = ({candidate}) => {
      if (candidate) candidates.push({connection: name, ...candidate.toJSON()});
    };
    return pc;
  };
  const gathered = (pc) => Promise.race([
    new Promise((done) => setTimeout(done, 3000)),
    new Promise((done) => {
      const look = () => pc.iceGatheringState === 'complete' && done();
      pc.addEventListener('icegatheringstatechange', look);
      look();
    }),
  ]);
  const offer = async (name, pc) => {
    await pc.setLocalDescription(await pc.createOffer());
    await gathered(pc);
    keep(name, pc);
  };
  const answer = async (name, pc, remote) => {
    await pc.setRemoteDescription(remote);
    await pc.setLocalDescription(await pc.createAnswer());
    await gathered(pc);
    keep(name, pc);
  };
  const round = async (name, from, to) => {
    await offer(`${name}-offer`, from);
    await answer(`${name}-answer`, to, from.localDescription);
    await from.setRemoteDescription(to.localDescription);
  };

  const a = connection('a'), b = connection('b');
  a.createDataChannel('data');
  await round('data', a, b);
  if (!media) return {kept, candidates};

  const stream = () => navigator.mediaDevices.getUserMedia({audio: true, video: true});
  const add = async (pc, only) => {
    const source = await stream();
    return source.getTracks().filter((t) => !only || t.kind === only)
      .map((track) => pc.addTrack(track, source));
  };
  const senders = await add(a);
  await round('media', a, b);
  await add(b);                              // re-uses the m-lines of the first stream
  await round('reuse', b, a);
  senders.forEach((sender) => a.removeTrack(sender));
  await round('removed', a, b);
  await add(a);                              // new m-lines: these senders have sent before
  await round('added-again', a, b);

  const c = connection('c');
  await answer('to-webrtcbin-data-answer', c, {type: 'offer', sdp: webrtcbin.data});
  await answer('to-webrtcbin-video-answer', c, {type: 'offer', sdp: webrtcbin.video});
  await add(c, 'video');                     // re-uses webrtcbin's send-only m-line as sendrecv
  await offer('to-webrtcbin-reuse-offer', c);

  const d = connection('d'), e = connection('e');
  d.createDataChannel('data');
  await add(d);                              // media in the first offer
  await round('all-at-once', d, e);

  const f = connection('f'), g = connection('g');
  f.createDataChannel('data');
  await round('turned-data', f, g);
  await add(g);                              // Firefox answers with mixed roles
  await round('turned-media', g, f);
  g.getTransceivers()[1].stop();             // a rejected m-line, for ever
  await round('turned-stopped', g, f);
  return {kept, candidates};
}
