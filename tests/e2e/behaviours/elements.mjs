// SPDX-License-Identifier: LGPL-2.1-or-later
// Pages and the elements of a gst-launch-1.0 line.
import assert from 'node:assert/strict';

import {Launch} from '../harness/launch.mjs';
import {scenario} from '../harness/lab.mjs';

function launch(lab, before, properties, after) {
  const element = ['genosdatachannel', `app-id=${lab.app}`, `room=${lab.room}`,
                   `signaling=${lab.relays[0].url}`, 'ice-servers=none', ...properties];
  const line = new Launch('line', [...before, ...element, ...after]);
  lab.actors.push(line);
  return line;
}

async function pageAndLine(lab, properties, {reads = true} = {}) {
  const page = await lab.page();
  await lab.join(page);
  await lab.do(page, 'channel', {channel: 'chat'});
  const line = launch(lab, ['fdsrc', '!'], ['channel=chat', ...properties],
                      reads ? ['!', 'fdsink'] : []);
  const {peer} = await page.wait('peer-join');
  return {page, line, peer};
}

export function elementBehaviours() {
  scenario('a page and a line chat', {relay: 'signald'}, async (lab) => {
    const {page, line, peer} = await pageAndLine(lab, ['framing=lines']);
    line.child.stdin.write('Grüße\nsecond\n');
    const first = await page.wait('message');
    assert.deepEqual([first.kind, first.text, first.meta ?? null, first.peer],
                     ['text', 'Grüße', null, peer]);
    await page.wait('message', {text: 'second'});
    await lab.do(page, 'send', {channel: 'chat', kind: 'text', text: 'from the page'});
    await line.wait('output', {text: 'from the page\n'});
  });

  scenario('a stream of bytes to a page', {relay: 'signald'}, async (lab) => {
    const {page, line} = await pageAndLine(lab, ['framing=bytes'], {reads: false});
    const size = 1_000_001;
    line.child.stdin.end(Buffer.alloc(size, 7));
    const come = () => page.all('message', {kind: 'bytes'}).reduce((sum, each) => sum + each.size, 0);
    await page.wait('message', () => come() === size);
    assert.equal((await line.wait('exit')).code, 0);
  });

  scenario('bytes of a page are read until it leaves', {relay: 'signald'}, async (lab) => {
    const {page, line} = await pageAndLine(lab, ['framing=bytes']);
    await lab.do(page, 'send', {channel: 'chat', kind: 'bytes', size: 3, seed: 1});
    await line.wait('output');
    line.child.stdin.end();
    await lab.do(page, 'leave');
    assert.equal((await line.wait('exit')).code, 0);
  });
}
