// SPDX-License-Identifier: LGPL-2.1-or-later
// Measures one relay: load.mjs NAME PID URI. One JSON line per figure.
import {readFileSync} from 'node:fs'
import {createHash} from 'node:crypto'
import WebSocket from 'ws'
import {schnorr} from '@noble/curves/secp256k1'

const [name, pid, uri] = process.argv.slice(2)
const secret = new Uint8Array(32).fill(7)
const pubkey = Buffer.from(schnorr.getPublicKey(secret)).toString('hex')
const say = (figure, value, unit) =>
  console.log(JSON.stringify({bench: 'relay', relay: name, figure, value, unit}))
const ticks = () => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}
const rss = () => Number(readFileSync(`/proc/${pid}/status`, 'utf8').match(/VmRSS:\s+(\d+)/)[1])

let serial = 0
const event = (topic, size) => {
  const body = {pubkey, created_at: Math.floor(Date.now() / 1000), kind: 22000,
    tags: [['x', topic]], content: `${serial++}`.padEnd(size, '.')}
  const id = createHash('sha256').update(JSON.stringify(
    [0, pubkey, body.created_at, body.kind, body.tags, body.content])).digest()
  const sig = Buffer.from(schnorr.sign(id, secret, new Uint8Array(32))).toString('hex')
  return JSON.stringify(['EVENT', {...body, id: id.toString('hex'), sig}])
}

const open = () => new Promise((resolve, reject) => {
  const socket = new WebSocket(uri, {perMessageDeflate: false})
  socket.counts = {EVENT: 0, OK: 0, EOSE: 0}
  socket.on('message', data => {
    // Counted by the first letters: parsing here would measure the client.
    const verb = data[2] === 79 ? 'OK' : data[3] === 86 ? 'EVENT' : 'EOSE'
    socket.counts[verb]++
    socket.wake?.()
  })
  socket.on('open', () => resolve(socket))
  socket.on('error', reject)
})
const until = (socket, verb, count) => new Promise(resolve => {
  socket.wake = () => socket.counts[verb] >= count && (socket.wake = null, resolve())
  socket.wake()
})
const subscribe = async (socket, topic) => {
  socket.send(JSON.stringify(['REQ', 's'.repeat(64), {kinds: [22000], since: 0, '#x': [topic]}]))
  await until(socket, 'EOSE', 1)
}

// `speakers` say `count` events each into rooms of `listeners`; everything is signed beforehand.
const measure = async (figure, speakers, listeners, count, size) => {
  const rooms = await Promise.all(Array.from({length: speakers}, async (_, i) => {
    const topic = `${figure}${i}`
    const ears = await Promise.all(Array.from({length: listeners}, open))
    await Promise.all(ears.map(ear => subscribe(ear, topic)))
    return {mouth: await open(), ears, texts: Array.from({length: count}, () => event(topic, size))}
  }))
  const cpu = ticks()
  const start = performance.now()
  await Promise.all(rooms.map(({mouth, ears, texts}) => {
    texts.forEach(text => mouth.send(text))
    return Promise.all([until(mouth, 'OK', count), ...ears.map(e => until(e, 'EVENT', count))])
  }))
  const seconds = (performance.now() - start) / 1000
  const used = ticks() - cpu
  const deliveries = speakers * count * listeners
  say(`${figure}: events`, Math.round(speakers * count / seconds), '1/s')
  say(`${figure}: deliveries`, Math.round(deliveries / seconds), '1/s')
  // The clients share the machine; this is what the relay alone could do on one core.
  say(`${figure}: deliveries per core second`, Math.round(deliveries / Math.max(used, 0.01)), '1/s')
  for (const {mouth, ears} of rooms) [mouth, ...ears].forEach(socket => socket.terminate())
}

const connections = async count => {
  const before = rss()
  const start = performance.now()
  const all = []
  for (let i = 0; i < count; i += 50)
    all.push(...await Promise.all(Array.from({length: 50}, open)))
  say('connections opened', Math.round(count / ((performance.now() - start) / 1000)), '1/s')
  await Promise.all(all.map((socket, i) => subscribe(socket, `own${i}`)))
  say('connections held', count, '')
  say('memory per connection', Math.round((rss() - before) / count * 10) / 10, 'KiB')
  all.forEach(socket => socket.terminate())
}

// First: what memory the other figures took would hide it.
await connections(500)
await measure('one to one', 10, 1, 250, 300)
await measure('one to 50', 4, 50, 250, 300)
await measure('one to 50, offers', 2, 50, 40, 20000)
process.exit(0)
