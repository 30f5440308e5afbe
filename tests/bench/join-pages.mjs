#!/usr/bin/env node
// SPDX-License-Identifier: LGPL-2.1-or-later
// The baseline of pages: how fast a page finds another, and how fast 50 MiB go from one Chromium to
// another, over the npm relay or genos-signald. One JSON line a figure, then a table.
import {mkdtempSync} from 'node:fs';
import {cpus, tmpdir} from 'node:os';
import {join} from 'node:path';
import {parseArgs} from 'node:util';

import {ensureModules} from '../e2e/harness/modules.mjs';
import {sweep} from '../e2e/harness/sweep.mjs';

const HELP = `usage: join-pages.mjs [--runs N] [--transfers N] [--size MIB] [--relay npm|signald]
                      [--password TEXT] [--address A --space PATH]
  --relay signald   needs GENOS_SIGNALD, the path of genos-signald
  --address A       of this host, where relay and site listen, with --relay signald
  --space PATH      the network namespace of the second page's browser
`;
const MIB = 1024 * 1024;
const SETTLED = 1500;  // ms that the incumbent is in the room before the newcomer

const {values: options} = parseArgs({options: {
  runs: {type: 'string', default: '20'}, transfers: {type: 'string', default: '3'},
  size: {type: 'string', default: '50'}, relay: {type: 'string', default: 'npm'},
  password: {type: 'string'}, address: {type: 'string'}, space: {type: 'string'},
  help: {type: 'boolean'},
}});

/** One figure from its samples: a JSON line at once, a row for the table. */
function figure(name, unit, samples) {
  const sorted = [...samples].sort((a, b) => a - b);
  const round = (value) => Math.round(value * 10) / 10;
  const median = (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
  const result = {bench: 'join-pages', name, unit, relay: options.relay, n: sorted.length,
                  min: round(sorted[0]), median: round(median), max: round(sorted.at(-1))};
  console.log(JSON.stringify({...result, samples: samples.map(round)}));
  return result;
}

/** From the newcomer's joinRoom to its, and to the incumbent's, onPeerJoin. */
async function joinOnce({sleep}, fields, incumbent, newcomer, url) {
  await Promise.all([incumbent.open(url), newcomer.open(url)]);  // fresh ids, warm processes
  await incumbent.do('join', fields);
  await sleep(SETTLED);
  const {t} = await newcomer.do('join', fields);
  const there = await newcomer.wait('peer-join', {peer: incumbent.self});
  const seen = await incumbent.wait('peer-join', {peer: newcomer.self});
  return {newcomer: there.t - t, both: Math.max(there.t, seen.t) - t};
}

async function transferOnce(fields, from, to, seed) {
  const size = Number(options.size);
  const command = {room: fields.room, channel: 'file'};
  for (const actor of [from, to]) await actor.do('channel', command);
  const mark = to.mark();
  const [{t}, message] = await Promise.all([
    from.do('send', {...command, kind: 'bytes', size: size * MIB, seed}),
    to.wait('message', {channel: 'file'}, {from: mark, seconds: 120}),
  ]);
  return size / ((message.t - t) / 1000);
}

async function measure(modules, browsers, site, relay) {
  const pages = [];
  for (const name of ['incumbent', 'newcomer']) {
    const kind = {own: true};
    if (options.address) kind.site = site.url;
    if (name === 'newcomer') kind.space = options.space;
    pages.push(await browsers.page(name, site.url, kind));
  }
  const fields = (n) => ({app: 'genos-bench', room: `bench-${process.pid}-${n}`,
                          relays: [relay.url], password: options.password});
  const joins = [];
  for (let n = 0; n < Number(options.runs); n++) {
    joins.push(await joinOnce(modules, fields(n), ...pages, site.url));
  }
  const rates = [];
  for (let n = 0; n < Number(options.transfers); n++) {
    rates.push(await transferOnce(fields(Number(options.runs) - 1), ...pages, n + 1));
  }
  const rows = [figure('pages: joinRoom to onPeerJoin', 'ms', joins.map((one) => one.newcomer)),
                figure('pages: joinRoom to both joined', 'ms', joins.map((one) => one.both))];
  if (rates.length) rows.push(figure(`pages: ${options.size} MiB in one message`, 'MiB/s', rates));
  return rows;
}

function table(rows) {
  console.log(`\n${'figure'.padEnd(34)}${['n', 'min', 'median', 'max'].map((h) => h.padStart(9)).join('')}  unit`);
  for (const {name, unit, ...row} of rows) {
    const cells = [row.n, row.min, row.median, row.max].map((cell) => String(cell).padStart(9));
    console.log(`${name.padEnd(34)}${cells.join('')}  ${unit}`);
  }
  console.log(`(${options.relay} relay, ${cpus().length} cores, ${cpus()[0]?.model})`);
}

async function main() {
  if (options.help) return void process.stdout.write(HELP);
  ensureModules();
  const directory = process.env.GENOS_E2E_DIR = mkdtempSync(join(tmpdir(), 'genos-bench-'));
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.on(signal, () => (sweep(directory), process.exit(130)));
  }
  const modules = await import('../e2e/harness/actor.mjs');
  const {Browsers} = await import('../e2e/harness/browser.mjs');
  const {startRelay} = await import('../e2e/harness/relay.mjs');
  const {serveSite} = await import('../e2e/harness/site.mjs');
  const browsers = new Browsers();
  const relayOptions = options.address ? {address: options.address, args: ['--no-tls']} : {};
  try {
    const [site, relay] = await Promise.all([
      serveSite(options.address), startRelay(options.relay, relayOptions)]);
    table(await measure(modules, browsers, site, relay));
    await browsers.close();
    await relay.close();
    site.close();
  } finally {
    sweep(directory);
  }
}

await main();
