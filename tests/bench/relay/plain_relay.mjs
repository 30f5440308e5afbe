// SPDX-License-Identifier: LGPL-2.1-or-later
// The least that carries Trystero: npm `ws`, no limits, no checks of signatures.
import {WebSocketServer} from 'ws'

const byTopic = new Map()
const server = new WebSocketServer({host: '127.0.0.1', port: 0, perMessageDeflate: false})

const forget = (socket, id) => {
  for (const topic of socket.subscriptions.get(id) ?? []) {
    const listeners = byTopic.get(topic)
    for (const listener of listeners)
      if (listener.socket === socket && listener.id === id) listeners.delete(listener)
    if (listeners.size === 0) byTopic.delete(topic)
  }
  socket.subscriptions.delete(id)
}

const handle = (socket, [verb, first, filter]) => {
  if (verb === 'REQ') {
    forget(socket, first)
    socket.subscriptions.set(first, filter['#x'])
    for (const topic of filter['#x']) {
      if (!byTopic.has(topic)) byTopic.set(topic, new Set())
      byTopic.get(topic).add({socket, id: first})
    }
    socket.send(JSON.stringify(['EOSE', first]))
  } else if (verb === 'EVENT') {
    socket.send(JSON.stringify(['OK', first.id, true, '']))
    const topic = first.tags.find(([name]) => name === 'x')?.[1]
    for (const listener of byTopic.get(topic) ?? [])
      listener.socket.send(JSON.stringify(['EVENT', listener.id, first]))
  } else if (verb === 'CLOSE') {
    forget(socket, first)
  }
}

server.on('connection', socket => {
  socket.subscriptions = new Map()
  socket.on('message', data => handle(socket, JSON.parse(data)))
  socket.on('close', () => [...socket.subscriptions.keys()].forEach(id => forget(socket, id)))
})
server.on('listening', () => console.log(`signaling=ws://127.0.0.1:${server.address().port}`))
process.on('SIGTERM', () => process.exit(0))
