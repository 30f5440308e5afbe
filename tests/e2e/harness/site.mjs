// SPDX-License-Identifier: LGPL-2.1-or-later
// Bundles the test page with unmodified trystero and serves it on loopback.
import {build} from 'esbuild';
import {once} from 'node:events';
import {readFile} from 'node:fs/promises';
import {createServer} from 'node:http';
import {fileURLToPath} from 'node:url';

const PAGE = new URL('../page/', import.meta.url);

async function bundle() {
  const result = await build({
    entryPoints: [fileURLToPath(new URL('page.js', PAGE))],
    bundle: true, write: false, format: 'iife', target: 'es2022', logLevel: 'warning',
  });
  return result.outputFiles[0].text;
}

/** @returns {Promise<{url: string, close: () => void}>} */
export async function serveSite(address = '127.0.0.1') {
  const files = {
    '/': ['text/html', await readFile(new URL('index.html', PAGE))],
    '/page.bundle.js': ['text/javascript', await bundle()],
  };
  const server = createServer((request, response) => {
    const [type, body] = files[request.url] ?? ['text/plain', null];
    response.writeHead(body ? 200 : 404, {'content-type': `${type}; charset=utf-8`});
    response.end(body ?? 'not here');
  });
  server.listen(0, address);
  await once(server, 'listening');
  return {url: `http://${address}:${server.address().port}/`, close: () => {
    server.close();
    server.closeAllConnections();
  }};
}
