#!/usr/bin/env node
// SPDX-License-Identifier: LGPL-2.1-or-later
// usage: pages.mjs CODEC…: from a page's joinRoom to the first picture of a genosroomsink that it shows.
// The browser is warm, the page is new each time.
import {spawn} from 'node:child_process';
import {mkdtempSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';

import {ensureModules} from '../../e2e/harness/modules.mjs';
import {sweep} from '../../e2e/harness/sweep.mjs';

const RUNS = 20;
const APP = 'genos-bench';
const PAUSE = 1000;  // ms; keyframes for those who come one after the other are 250 ms apart

function broadcast(codec, relay) {
  const words = 'videotestsrc is-live=true ! video/x-raw,width=640,height=360,framerate=30/1 ! '
      + `genosroomsink ladder=360p30:1000k:${codec} app-id=${APP} room=${codec} ice-servers=none `
      + `signaling=${relay.url}`;
  return spawn('gst-launch-1.0', ['-q', ...words.split(' ')], {stdio: 'ignore'});
}

async function firstPictures(codec, page, site, relay, sleep) {
  const sender = broadcast(codec, relay);
  const delays = [];
  try {
    for (let n = 0; n <= RUNS; n++) {
      await page.open(site.url);
      await sleep(PAUSE);
      const from = page.mark();
      const {t} = await page.do('join', {app: APP, room: codec, relays: [relay.url]});
      delays.push((await page.wait('shown', {}, {from})).t - t);
      await page.do('leave', {room: codec});
    }
  } finally {
    sender.kill('SIGKILL');
  }
  const sorted = delays.slice(1).sort((a, b) => a - b);  // the first waits for the sender
  const [least, median, most] = [sorted[0], sorted[RUNS >> 1], sorted.at(-1)].map(Math.round);
  console.log(`join to first picture, ${codec}, a page: median ${median} ms, ${least} to ${most} ms, ${RUNS} times`);
}

async function main() {
  ensureModules();
  const directory = process.env.GENOS_E2E_DIR = mkdtempSync(join(tmpdir(), 'genos-bench-'));
  const {sleep} = await import('../../e2e/harness/actor.mjs');
  const {Browsers} = await import('../../e2e/harness/browser.mjs');
  const {startRelay} = await import('../../e2e/harness/relay.mjs');
  const {serveSite} = await import('../../e2e/harness/site.mjs');
  const browsers = new Browsers();
  try {
    const [site, relay] = await Promise.all([serveSite(), startRelay('signald')]);
    const page = await browsers.page('watcher', site.url, {own: true});
    for (const codec of process.argv.slice(2)) await firstPictures(codec, page, site, relay, sleep);
    await browsers.close();
    await relay.close();
    site.close();
  } finally {
    sweep(directory);
  }
}

await main();
