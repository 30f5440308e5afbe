#!/usr/bin/env node
// SPDX-License-Identifier: LGPL-2.1-or-later
// A minimal NIP-01 relay for ephemeral events over npm `ws`: the baseline that pages and benches
// compare genos-signald with. Stores nothing, verifies nothing.
import {WebSocketServer} from 'ws';

/** Does an event satisfy one NIP-01 filter (kinds, since, tag filters)? */
function matches(filter, event) {
  if (filter.kinds && !filter.kinds.includes(event.kind)) return false;
  if (filter.since && event.created_at < filter.since) return false;
  return Object.entries(filter)
      .filter(([key]) => /^#[a-zA-Z]$/.test(key))
      .every(([key, wanted]) => event.tags.some(([name, value]) =>
          name === key[1] && wanted.includes(value)));
}

function publish(socket, event, clients) {
  socket.send(JSON.stringify(['OK', event.id, true, '']));
  for (const client of clients) {
    for (const [id, filters] of client.subscriptions ?? []) {
      if (filters.some((filter) => matches(filter, event))) {
        client.send(JSON.stringify(['EVENT', id, event]));
      }
    }
  }
}

function handle(socket, text, clients) {
  const [verb, ...rest] = JSON.parse(text);
  if (verb === 'EVENT') publish(socket, rest[0], clients);
  if (verb === 'REQ') {
    const [id, ...filters] = rest;
    socket.subscriptions.set(id, filters);
    socket.send(JSON.stringify(['EOSE', id]));
  }
  if (verb === 'CLOSE') socket.subscriptions.delete(rest[0]);
}

const port = Number(process.argv[2] ?? 0);
const server = new WebSocketServer({host: '127.0.0.1', port});
server.on('connection', (socket) => {
  socket.subscriptions = new Map();
  socket.on('message', (text) => {
    try {
      handle(socket, text, server.clients);
    } catch (error) {
      socket.send(JSON.stringify(['NOTICE', String(error)]));
    }
  });
});
server.on('listening', () => console.log(`listening ${server.address().port}`));
process.on('SIGTERM', () => process.exit(0));
