// SPDX-License-Identifier: LGPL-2.1-or-later
// Records the fixtures of tests/core/sdp from real browsers:
//   npm ci && node record.js [firefox|chromium]... [--into DIR]
// Browsers: /usr/bin/firefox-esr and /usr/bin/chromium, or $FIREFOX and $CHROMIUM.
import {readFile, writeFile, mkdir} from 'node:fs/promises';
import {createServer} from 'node:http';
import {fileURLToPath} from 'node:url';
import path from 'node:path';
import puppeteer from 'puppeteer-core';
import {play} from './page.js';

const here = path.dirname(fileURLToPath(import.meta.url));
const args = process.argv.slice(2);
const at = args.indexOf('--into');
const into = at < 0 ? path.join(here, '../../core/sdp') : args.splice(at, 2)[1];
const wanted = args.length ? args : ['firefox', 'chromium'];

// `media` also means: addresses are shown. Without it the browser hides them behind mDNS names.
const launch = {
  firefox: (media) => ({
    browser: 'firefox',
    executablePath: process.env.FIREFOX ?? '/usr/bin/firefox-esr',
    extraPrefsFirefox: media
      ? {'media.navigator.streams.fake': true, 'media.navigator.permission.disabled': true,
        'media.peerconnection.ice.obfuscate_host_addresses': false}
      : {'media.peerconnection.ice.obfuscate_host_addresses': true},
  }),
  chromium: (media) => ({
    browser: 'chrome',
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', ...(media
      ? ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'] : [])],
  }),
};

async function record(name, media, webrtcbin, url) {
  const browser = await puppeteer.launch({headless: true, ...launch[name](media)});
  try {
    const page = await browser.newPage();
    await page.goto(url);
    const {kept, candidates} = await page.evaluate(play, {media, webrtcbin});
    const prefix = `${name}${media ? '' : '-mdns'}`;
    for (const [title, sdp] of Object.entries(kept))
      await writeFile(path.join(into, `${prefix}-${title}.sdp`), sdp);
    await writeFile(path.join(into, `${prefix}-candidates.jsonl`),
      candidates.map((c) => JSON.stringify(c) + '\n').join(''));
    const made = `${Object.keys(kept).length} descriptions, ${candidates.length} candidates`;
    console.log(`${prefix}: ${made}, ${await browser.version()}`);
  } finally {
    await browser.close();
  }
}

await mkdir(into, {recursive: true});
const fixture = (name) => readFile(path.join(here, '../../core/sdp', name), 'utf8');
const webrtcbin = {
  data: await fixture('webrtcbin-1.22-data-offer.sdp'),
  video: await fixture('webrtcbin-1.22-video-offer.sdp'),
};
const server = createServer((_, response) => {
  response.setHeader('content-type', 'text/html');
  response.end('<!doctype html><title>record</title>');
}).listen(0, '127.0.0.1');
await new Promise((done) => server.once('listening', done));
const url = `http://127.0.0.1:${server.address().port}/`;
for (const name of wanted)
  for (const media of [false, true]) await record(name, media, webrtcbin, url);
server.close();
