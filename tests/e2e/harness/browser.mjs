// SPDX-License-Identifier: LGPL-2.1-or-later
// Starts browsers and opens the test page in them.
import {existsSync, mkdtempSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import puppeteer from 'puppeteer-core';

import {Actor} from './actor.mjs';

const CHROMIUM = process.env.GENOS_CHROMIUM ?? '/usr/bin/chromium';
const FIREFOX = process.env.GENOS_FIREFOX ?? '/usr/bin/firefox-esr';

const CHROMIUM_FLAGS = [
  '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--disable-breakpad', '--mute-audio',
  // A page in the background must run like one in front: its timers are what we measure.
  '--disable-background-timer-throttling', '--disable-renderer-backgrounding',
  '--disable-backgrounding-occluded-windows', '--use-fake-device-for-media-stream',
];

const FIREFOX_PREFERENCES = {
  'media.navigator.streams.fake': true,
  'media.navigator.permission.disabled': true,  // also turns mDNS hiding off
  'media.peerconnection.ice.loopback': true,
  'media.autoplay.default': 0,
  'app.update.enabled': false,
  'browser.shell.checkDefaultBrowser': false,
};

function requireFile(path, variable) {
  if (existsSync(path)) return path;
  throw new Error(`no browser at ${path}: install it (apt install ${path.split('/').pop()}) ` +
                  `or name another in ${variable}`);
}

function chromiumFlags({mdns, visitor}) {
  const args = [...CHROMIUM_FLAGS];
  if (process.getuid?.() === 0) args.push('--no-sandbox');
  // The tab of this title is what a visitor chooses when asked which screen to share.
  if (visitor) return [...args, '--ignore-certificate-errors', '--allow-loopback-in-peer-connection',
                       '--auto-select-tab-capture-source-by-title=room-'];
  args.push('--autoplay-policy=no-user-gesture-required');
  if (mdns) return args;  // addresses show as soon as a page may use the camera
  return [...args, '--use-fake-ui-for-media-stream',
          // Loopback candidates let the tests run on a machine that has no other interface.
          '--allow-loopback-in-peer-connection', '--disable-features=WebRtcHideLocalIpsWithMdns'];
}

function chromiumOptions(kind) {
  return {browser: 'chrome', executablePath: requireFile(CHROMIUM, 'GENOS_CHROMIUM'),
          args: chromiumFlags(kind), headless: true};
}

function firefoxOptions() {
  return {browser: 'firefox', executablePath: requireFile(FIREFOX, 'GENOS_FIREFOX'),
          extraPrefsFirefox: FIREFOX_PREFERENCES, headless: true};
}

/** As a program, which is all that can be launched: Chromium in a network namespace, where a site
 *  that is not on loopback counts as secure. */
function elsewhere({space, site}) {
  const directory = mkdtempSync(join(process.env.GENOS_E2E_DIR ?? tmpdir(), 'space-'));
  const path = join(directory, 'chromium');
  const secure = `--unsafely-treat-insecure-origin-as-secure=${new URL(site).origin}`;
  const enter = space ? `nsenter --net=${space} ` : '';
  writeFileSync(path, `#!/bin/sh\nexec ${enter}${CHROMIUM} ${secure} "$@"\n`, {mode: 0o755});
  return path;
}

export class Page extends Actor {
  constructor(name, page, browser) {
    super(name);
    this.page = page;
    this.browser = browser;
    page.on('console', (message) => this.note(`console ${message.type()}: ${message.text()}`));
    page.on('pageerror', (error) => this.note(`page error: ${error}`));
  }

  /** Loads the test page (again): a new peer id, no rooms. @param {string} url */
  async open(url) {
    if (this.page.url() === 'about:blank') {
      await this.page.exposeFunction('emit', (event) => this.take(event));
    }
    await this.page.goto(url);
    this.self = await this.page.evaluate(() => window.actor.self);
    this.note(`-- page of ${this.self}`);
  }

  command(command) {
    return this.page.evaluate((given) => window.actor.do(given), command);
  }

  /** The browser vanishes as if its machine had lost power. Only for a page of its own browser. */
  kill() {
    const {pid} = this.browser.process();
    process.kill(-pid, 'SIGKILL');  // puppeteer makes it the leader of a process group
    this.ended('killed');
  }

  async close() {
    if (!this.gone) await this.page.close().catch((error) => this.note(`close: ${error}`));
    this.gone = true;
  }
}

/** The browsers of one test file: pages share one unless they must not. */
export class Browsers {
  /** @type {Map<string, Promise<import('puppeteer-core').Browser>>} */
  shared = new Map();
  /** @type {Set<import('puppeteer-core').Browser>} */
  started = new Set();

  /** @param {{firefox?: boolean, mdns?: boolean, visitor?: boolean, space?: string, site?: string}} kind
   *    visitor: as people have it, who have accepted the server's certificate;
   *    site: where it is not on loopback; space: the network namespace that it is seen from */
  async start(kind) {
    const userDataDir = mkdtempSync(join(process.env.GENOS_E2E_DIR ?? tmpdir(), 'profile-'));
    const options = kind.firefox ? firefoxOptions() : chromiumOptions(kind);
    if (kind.site) Object.assign(options, {executablePath: elsewhere(kind), pipe: true});
    const browser = await puppeteer.launch({...options, userDataDir, protocolTimeout: 120_000});
    this.started.add(browser);
    return browser;
  }

  sharedOne(kind) {
    const key = JSON.stringify([!!kind.firefox, !!kind.mdns, !!kind.visitor]);
    if (!this.shared.has(key)) this.shared.set(key, this.start(kind));
    return this.shared.get(key);
  }

  /** @param {string} name
   *  @param {{firefox?: boolean, mdns?: boolean, own?: boolean}} kind own: a browser for itself */
  async page(name, url, kind = {}) {
    const browser = await (kind.own ? this.start(kind) : this.sharedOne(kind));
    const context = await browser.createBrowserContext();
    const page = new Page(name, await context.newPage(), browser);
    await page.open(url);
    return page;
  }

  async close() {
    await Promise.all([...this.started].map(async (browser) => {
      const process = browser.process();
      await browser.close().catch(() => process?.kill('SIGKILL'));
    }));
  }
}
