// SPDX-License-Identifier: LGPL-2.1-or-later
// Starts a relay as a process of its own: the npm baseline, or genos-signald.
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {createServer} from 'node:net';
import {fileURLToPath} from 'node:url';
import WebSocket from 'ws';

import {sleep} from './actor.mjs';
import {binary} from './native.mjs';

const BASELINE = fileURLToPath(new URL('../relay.mjs', import.meta.url));

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const {port} = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

function opens(url) {
  return new Promise((resolve) => {
    const socket = new WebSocket(url, {rejectUnauthorized: false});
    socket.on('open', () => (socket.close(), resolve(true)));
    socket.on('error', () => resolve(false));
  });
}

/** @param {'npm'|'signald'} kind
 *  @param {{port?: number, args?: string[], address?: string, scheme?: 'ws'|'wss'}} [options]
 *    address, scheme: of signald only */
export async function startRelay(kind, {port, args = [], address = '127.0.0.1', scheme = 'ws'} = {}) {
  port ??= await freePort();
  const [path, all] = kind === 'npm'
      ? [process.execPath, [BASELINE, String(port)]]
      : [binary('GENOS_SIGNALD', 'genos-signald'), ['--listen', `${address}:${port}`, ...args]];
  const child = spawn(path, all, {stdio: ['ignore', 'pipe', 'pipe']});
  const relay = {url: `${scheme}://${address}:${port}`, port, kind, child, log: [], ended: false,
                 page: `${scheme.replace('ws', 'http')}://${address}:${port}/`,
                 /** As peers of ours are given it, with the fingerprint of its certificate. */
                 get signaling() { return /^signaling=(.*)$/m.exec(relay.log.join('\n'))[1]; }};
  const note = (data) => relay.log.push(String(data).trimEnd());
  child.stdout.on('data', note);
  child.stderr.on('data', note);
  child.on('exit', () => (relay.ended = true));
  relay.close = async (signal = 'SIGTERM') => {
    if (relay.ended) return;
    child.kill(signal);
    await once(child, 'exit');
  };
  for (let tries = 0; tries < 100; tries++) {
    if (relay.ended) break;
    if (await opens(relay.url)) return relay;
    await sleep(50);
  }
  await relay.close('SIGKILL');
  throw new Error(`${path} does not answer at ${relay.url}:\n${relay.log.join('\n')}`);
}
