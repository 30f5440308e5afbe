// SPDX-License-Identifier: LGPL-2.1-or-later
// A native peer (genos-test-peer) as an actor: JSON lines on its stdin and stdout.
import {spawn} from 'node:child_process';
import {existsSync} from 'node:fs';
import {createInterface} from 'node:readline';

import {Actor, PATIENCE} from './actor.mjs';

/** The path in an environment variable; a missing binary is a failure, never a skip. */
export function binary(variable, what) {
  const path = process.env[variable];
  if (!path) throw new Error(`${variable} is not set: the path of ${what} (meson test sets it)`);
  if (!existsSync(path)) throw new Error(`${variable}: there is no ${what} at ${path}: build it`);
  return path;
}

export class Native extends Actor {
  /** @param {string} name @param {{prefix?: string, args?: string[], env?: object}} options */
  static async start(name, {prefix, args = [], env = {}} = {}) {
    const native = new Native(name);
    const path = binary('GENOS_TEST_PEER', 'genos-test-peer');
    const all = [...(prefix ? [`--id-prefix=${prefix}`] : []), ...args];
    // A scenario that fails prints it.
    const told = {GST_DEBUG: 'genoslink:5', GST_DEBUG_NO_COLOR: '1'};
    native.child = spawn(path, all, {env: {...told, ...process.env, ...env}, stdio: 'pipe'});
    native.answers = new Map();
    native.next = 1;
    native.follow();
    native.self = (await native.wait('ready')).self;
    return native;
  }

  follow() {
    createInterface({input: this.child.stdout}).on('line', (line) => this.line(line));
    createInterface({input: this.child.stderr}).on('line', (line) => this.note(`stderr ${line}`));
    this.child.on('error', (error) => this.ended(String(error)));
    this.child.on('exit', (code, signal) => {
      this.exit = {code, signal};
      this.ended(signal ?? `exit code ${code}`);
      for (const answer of this.answers.values()) answer.reject(new Error(`${this.name} ended`));
    });
    this.child.stdin.on('error', (error) => this.note(`stdin: ${error}`));
  }

  line(text) {
    let event;
    try {
      event = JSON.parse(text);
    } catch (error) {
      return this.note(`not JSON: ${text}`);
    }
    if (event.event !== 'done' && event.event !== 'failed') return this.take(event);
    this.note(text);
    this.answers.get(event.id)?.resolve(event);
    this.answers.delete(event.id);
  }

  command(command) {
    const id = this.next++;
    return new Promise((resolve, reject) => {
      if (this.gone) return reject(new Error(`${this.name} has ended`));
      this.answers.set(id, {resolve, reject});
      this.child.stdin.write(`${JSON.stringify({id, ...command})}\n`);
    });
  }

  kill() {
    this.child.kill('SIGKILL');
  }

  /** Asks it to go and insists that it does so cleanly. */
  async close() {
    if (this.gone) return;
    const exited = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.stdin.end('{"id":0,"do":"quit"}\n');
    const timer = setTimeout(() => this.child.kill('SIGKILL'), PATIENCE * 1000);
    await exited;
    clearTimeout(timer);
    if (this.exit.code !== 0) {
      throw new Error(`${this.name}: ended with ${this.exit.signal ?? `code ${this.exit.code}`}`);
    }
  }
}
