// SPDX-License-Identifier: LGPL-2.1-or-later
// AV1 of genosav1enc and genosrtpav1pay in a page, and a page's in genosrtpav1depay and genosav1dec.
import assert from 'node:assert/strict';
import {createHash} from 'node:crypto';
import {mkdtempSync, readdirSync, readFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';

import {flowing, send} from '../behaviours/media.mjs';
import {nativePair} from '../harness/pairs.mjs';
import {scenario} from '../harness/lab.mjs';
import {Launch} from '../harness/launch.mjs';

const AV1 = 'video/AV1';

/** What a line wrote as numbered files of this ending, in order. */
const written = (folder, ending) => readdirSync(folder).filter((name) => name.endsWith(ending))
    .sort().map((name) => readFileSync(join(folder, name)));

async function launch(lab, words) {
  const line = new Launch('line', words.join(' ').split(' '));
  lab.actors.push(line);
  const {code} = await line.wait('exit', {}, {seconds: 60});
  assert.equal(code, 0, line.log.join('\n'));
}

// Widths of which GStreamer's planes have no padding.
const STREAMS = {
  'plain': ['genosav1enc', 'width=320,height=180'],
  'of an uneven size': ['genosav1enc', 'width=328,height=182'],
  'with three temporal layers': ['genosav1enc temporal-layers=3', 'width=320,height=180'],
  'of a screen': ['genosav1enc screen-content=true', 'width=640,height=360'],
  'with many keyframes': ['genosav1enc keyframe-interval=5', 'width=320,height=180'],
  'of two threads and few bits': ['genosav1enc threads=2 bitrate=60000', 'width=640,height=360'],
};

for (const [title, [encoder, size]] of Object.entries(STREAMS)) {
  scenario(`AV1 ${title}: libaom, dav1d and Chromium see the same frames`, {relay: 'npm'},
           async (lab) => {
    const page = await lab.page();
    const folder = mkdtempSync(join(process.env.GENOS_E2E_DIR ?? tmpdir(), 'av1-'));
    const caps = 'video/x-av1,stream-format=obu-stream,alignment=tu,framerate=30/1';
    await launch(lab, ['videotestsrc num-buffers=60 pattern=smpte100 horizontal-speed=3',
      `! video/x-raw,format=I420,framerate=30/1,${size} ! ${encoder} ! ${caps}`,
      `! multifilesink location=${folder}/%03d.obu`]);
    const units = written(folder, '.obu');
    assert.equal(units.length, 60);
    const seen = {};
    for (const decoder of ['av1dec', 'genosav1dec']) {
      await launch(lab, [`multifilesrc location=${folder}/%03d.obu caps=${caps} ! ${decoder}`,
        `! video/x-raw,format=I420 ! multifilesink location=${folder}/%03d.${decoder}`]);
      seen[decoder] = written(folder, `.${decoder}`)
          .map((frame) => createHash('sha256').update(frame).digest('hex'));
    }
    const chunks = units.map((unit) => unit.toString('base64'));
    const {formats, hashes} = await page.do('decode', {codec: 'av01.0.04M.08', chunks});
    assert.deepEqual(formats, ['I420']);
    assert.equal(new Set(hashes).size > 30, true, 'a picture that moves');
    assert.deepEqual(seen.genosav1dec, hashes);
    assert.deepEqual(seen.av1dec, hashes);
  });
}

for (const prefix of ['00', 'zz']) {
  const {label, relay, ...pair} = nativePair(prefix);
  scenario(`${label}: AV1 both ways`, {relay}, async (lab) => {
    const [page, other] = [await pair.page(lab), await pair.other(lab)];
    await lab.meet(page, other);
    for (const [from, to] of [[other, page], [page, other]]) {
      await send(lab, from, to, 'canvas', AV1);
      const {video} = await flowing(lab, from, to);
      assert.equal(video.codec, AV1);
      assert.deepEqual([video.width, video.height], [320, 240]);
    }
  });
}
