// SPDX-License-Identifier: LGPL-2.1-or-later
// The watch page in Chromium, used as a person uses it: by its labels, buttons and keys.
import assert from 'node:assert/strict';
import {mkdirSync} from 'node:fs';
import {networkInterfaces, tmpdir} from 'node:os';
import {join} from 'node:path';

import {until} from './actor.mjs';
import {Page} from './browser.mjs';

/** An address of this machine that others could use: to a browser it is no loopback, so only TLS
 *  makes the page a secure one. */
export function outsideAddress() {
  const all = Object.values(networkInterfaces()).flat();
  const found = all.find(({family, internal}) => family === 'IPv4' && !internal);
  if (!found) throw new Error('this machine has no address but loopback: give it one (ip address add)');
  return found.address;
}

/** What trystero 0.25.4 writes when the other page has been closed or loaded again. */
const FAREWELL = /^Trystero peer error: OperationError: User-Initiated Abort, reason=Close called$/;

/** In the page before anything else: tells what the policy stopped and what the page complained of,
 *  and keeps what it lets the browser save. */
function spy() {
  addEventListener('securitypolicyviolation', ({violatedDirective, blockedURI}) =>
      window.emit({event: 'violation', violatedDirective, blockedURI}));
  const {createObjectURL} = URL;
  window.savedBlobs = [];
  URL.createObjectURL = (blob) => {
    window.savedBlobs.push(blob);
    return createObjectURL.call(URL, blob);
  };
  addEventListener('DOMContentLoaded', () => new MutationObserver(() => {
    const line = document.querySelector('#notice p');
    if (!line) return;
    const error = line.className === 'problem' ? 'join-error' : 'notice';
    window.emit({event: error, error: line.textContent});
  }).observe(document.getElementById('notice'), {childList: true}));
}

/** @param {import('puppeteer-core').Browser} browser */
const chromium = async (browser) => /^(Headless)?Chrom/.test(await browser.version());

export class WatchPage extends Page {
  /** @param {string} name @param {import('puppeteer-core').Browser} browser
   *  @param {string} base @param {string} hash @param {object} [view] width, height, isMobile … */
  static async open(name, browser, base, hash, view = {width: 1280, height: 800}) {
    const context = await browser.createBrowserContext();
    const page = new WatchPage(name, await context.newPage(), browser);
    page.context = context;
    page.base = base;
    await page.watchRequests();
    await page.page.setViewport(view);
    await page.page.exposeFunction('emit', (event) => page.take(event));
    await page.page.evaluateOnNewDocument(spy);
    page.answer = await page.page.goto(base + hash);
    return page;
  }

  /** Every address that it asks for, WebSockets too, and everything that it complains of. */
  async watchRequests() {
    this.problems = [];
    this.asked = [];
    this.page.on('pageerror', (error) => this.problems.push(`page error: ${error}`));
    this.page.on('console', (message) => {
      if (message.type() !== 'error' || FAREWELL.test(message.text())) return;
      this.problems.push(`console: ${message.text()}`);
    });
    if (!await chromium(this.browser)) {
      this.page.on('request', (request) => this.asked.push(request.url()));
      return;
    }
    const protocol = await this.page.createCDPSession();
    await protocol.send('Network.enable');
    protocol.on('Network.requestWillBeSent', ({request}) => this.asked.push(request.url));
    protocol.on('Network.webSocketCreated', ({url}) => this.asked.push(url));
  }

  /** It asked nobody but its server, and its policy had nothing to stop. */
  clean() {
    assert.deepEqual(this.problems, []);
    assert.deepEqual(this.all('violation'), []);
    const {host} = new URL(this.base);
    const elsewhere = this.asked.filter((url) => !url.startsWith('blob:') && new URL(url).host !== host);
    assert.deepEqual(elsewhere, []);
    assert.ok(this.asked.some((url) => url.startsWith('ws')), 'it has asked for a relay');
  }

  /** @param {string} selector @param {string} text */
  async type(selector, text) {
    await this.page.locator(selector).fill(text);
  }

  /** @param {string} selector */
  async press(selector) {
    await this.page.locator(selector).click();
  }

  /** What an element shows; '' when there is none. @param {string} selector */
  text(selector) {
    return this.page.evaluate((s) => document.querySelector(s)?.innerText ?? '', selector);
  }

  /** @param {string} selector @param {RegExp} pattern @param {number} [seconds] */
  shows(selector, pattern, seconds) {
    return until(() => this.text(selector), (text) => pattern.test(text),
                 `${this.name}: ${selector} shows ${pattern}`, seconds);
  }

  /** @param {string} text */
  async say(text) {
    await this.type('#say-text', text);
    await this.page.keyboard.press('Enter');
  }

  /** Who else is here, by their ids. */
  others() {
    return this.page.$$eval('#people li', (lines) => lines.slice(1).map(({dataset}) => dataset.peer));
  }

  /** @param {number} count of others */
  meets(count) {
    return until(() => this.others(), (others) => others.length === count, `${this.name} meets ${count}`);
  }

  /** The tile of this title, once its pictures move. @param {string} title */
  async plays(title) {
    const look = () => this.page.evaluate((wanted) => {
      const video = [...document.querySelectorAll('.tile')]
          .find(({dataset}) => dataset.title === wanted)?.querySelector('video');
      if (!video) return undefined;
      const count = () => {
        video.counted = (video.counted ?? -1) + 1;
        video.requestVideoFrameCallback(count);
      };
      if (video.counted === undefined) count();
      // Firefox 153 has no such quality of a stream.
      return {width: video.videoWidth, height: video.videoHeight,
              frames: video.getVideoPlaybackQuality().totalVideoFrames || video.counted};
    }, title);
    const first = await until(look, (seen) => seen?.frames > 0 && seen.width > 0, `${this.name} plays ${title}`);
    return until(look, ({frames}) => frames > first.frames + 15, `${title} moves`);
  }

  /** The figures of the only stream, as a screen reader reads the table. */
  async figures() {
    const rows = await this.page.$$eval('.plots tr', (all) => all.slice(1).map((row) =>
        [row.querySelector('th').textContent, row.querySelector('.now').textContent]));
    return Object.fromEntries(rows);
  }

  /** What it let the browser save so far: sizes, types and first bytes in hex. */
  saved() {
    return this.page.evaluate(() => Promise.all(window.savedBlobs.map(async (blob) => {
      const head = new Uint8Array(await blob.slice(0, 4).arrayBuffer());
      return {size: blob.size, type: blob.type,
              head: [...head].map((byte) => byte.toString(16).padStart(2, '0')).join('')};
    })));
  }

  /** As after a person's yes to the browser's question. @param {string[]} what */
  allow(what = ['camera', 'microphone']) {
    return this.context.overridePermissions(new URL(this.base).origin, what);
  }

  /** @param {'light'|'dark'} scheme */
  colours(scheme) {
    return this.page.emulateMediaFeatures([{name: 'prefers-color-scheme', value: scheme}]);
  }

  /** A picture for people to look at. @param {string} name */
  async picture(name) {
    const folder = process.env.GENOS_E2E_PICTURES ?? join(process.env.GENOS_E2E_DIR ?? tmpdir(), 'pictures');
    mkdirSync(folder, {recursive: true});
    await this.page.screenshot({path: join(folder, `${name}.png`), fullPage: true});
  }
}
