// SPDX-License-Identifier: LGPL-2.1-or-later
// Files between pages and the tool: one message each, with name, type and id in the metadata.
import assert from 'node:assert/strict';
import {createHash} from 'node:crypto';
import {mkdtempSync, readFileSync, readdirSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';

import {Tool} from '../harness/launch.mjs';
import {scenario} from '../harness/lab.mjs';

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

function tool(lab, command, words) {
  const actor = new Tool(command, [command, '--app-id', lab.app, '--room', lab.room, '--signaling',
                                   lab.relays[0].url, '--ice-servers', 'none', ...words]);
  lab.actors.push(actor);
  return actor;
}

async function pageWithFiles(lab) {
  const page = await lab.page();
  await lab.join(page);
  await lab.do(page, 'channel', {channel: 'file'});
  return page;
}

async function send(lab, page, name, size, seed) {
  const meta = {name, type: 'application/octet-stream', id: `${name}-${seed}`};
  return lab.do(page, 'send', {channel: 'file', kind: 'bytes', size, seed, meta});
}

export function fileBehaviours() {
  scenario('a file of ours to a page', {relay: 'signald'}, async (lab) => {
    const page = await pageWithFiles(lab);
    const path = join(mkdtempSync(join(tmpdir(), 'files-')), 'holiday.bin');
    const bytes = Buffer.alloc(3_000_001, 'holiday');
    writeFileSync(path, bytes);
    const sender = tool(lab, 'send', [path]);
    const come = await page.wait('message');
    assert.deepEqual([come.kind, come.size, come.sha256], ['bytes', bytes.length, sha256(bytes)]);
    assert.deepEqual([come.meta.name, come.meta.size], ['holiday.bin', bytes.length]);
    assert.equal(come.meta.id.length, 64);
    assert.equal((await sender.wait('exit')).code, 0);
    assert.deepEqual(sender.all('peer').map(({what}) => what), ['takes', 'done']);
  });

  scenario('files of a page to us, several at once', {relay: 'signald'}, async (lab) => {
    const page = await pageWithFiles(lab);
    const into = mkdtempSync(join(tmpdir(), 'files-'));
    const receiver = tool(lab, 'receive', ['--yes', '--into', into, '--count', '3']);
    await page.wait('peer-join');
    const sizes = {'a.bin': 5_000_000, 'b.bin': 70_000, '../c.bin': 1};
    await Promise.all(Object.entries(sizes).map(([name, size], i) => send(lab, page, name, size, i)));
    assert.equal((await receiver.wait('exit')).code, 0);
    assert.deepEqual(readdirSync(into).sort(), ['_._c.bin', 'a.bin', 'b.bin']);
    assert.equal(readFileSync(join(into, 'a.bin')).length, 5_000_000);
    const sent = page.all('sent').map((event) => event.sha256).filter(Boolean);
    if (sent.length) assert.ok(sent.includes(sha256(readFileSync(join(into, 'a.bin')))));
  });

  // A small one is stored while a large one is on its way.
  scenario('files of a page that it calls the same', {relay: 'signald'}, async (lab) => {
    const page = await pageWithFiles(lab);
    const into = mkdtempSync(join(tmpdir(), 'files-'));
    const sizes = [1, 2_000_000, 2, 2_000_001, 3, 2_000_002];
    const receiver = tool(lab, 'receive', ['--yes', '--into', into, '--count', `${sizes.length}`]);
    await page.wait('peer-join');
    await Promise.all(sizes.map((size) => lab.do(page, 'send', {
      channel: 'file', kind: 'bytes', size, seed: 1, meta: {name: 'image.png'}})));
    assert.equal((await receiver.wait('exit')).code, 0);
    const names = readdirSync(into).sort();
    assert.deepEqual(names, sizes.map((_, i) => i ? `image (${i + 1}).png` : 'image.png').sort());
    assert.deepEqual(names.map((name) => readFileSync(join(into, name)).length).sort(), sizes.toSorted());
  });

  scenario('a page that closes in the middle', {relay: 'signald'}, async (lab) => {
    const page = await pageWithFiles(lab);
    const into = mkdtempSync(join(tmpdir(), 'files-'));
    const receiver = tool(lab, 'receive', ['--yes', '--into', into, '--count', '1']);
    await page.wait('peer-join');
    send(lab, page, 'big.bin', 60_000_000, 1).catch(() => {});
    await receiver.wait('progress');
    await page.close();
    const failed = await receiver.wait('failed');
    assert.match(failed.error, /left before all of it had come/);
    assert.equal((await receiver.wait('exit')).code, 1);
    assert.deepEqual(readdirSync(into), []);
  });
}
