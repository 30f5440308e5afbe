// SPDX-License-Identifier: LGPL-2.1-or-later
// A line of gst-launch-1.0, or the tool, as an actor: what they write to their standard output are
// events.
import {spawn} from 'node:child_process';
import {dirname} from 'node:path';
import {createInterface} from 'node:readline';

import {Actor} from './actor.mjs';
import {binary} from './native.mjs';

/** A program without commands, whose end is an event too. */
class Program extends Actor {
  /** @param {import('node:child_process').ChildProcess} child */
  follow(child) {
    this.child = child;
    createInterface({input: child.stderr}).on('line', (line) => this.note(`stderr ${line}`));
    child.stdin.on('error', (error) => this.note(`stdin: ${error}`));
    child.on('error', (error) => this.ended(String(error)));
    child.on('exit', (code, signal) => {
      this.take({event: 'exit', code});
      this.ended(signal ?? `exit code ${code}`);
    });
  }

  async close() {
    if (this.gone) return;
    this.child.kill('SIGKILL');
    await this.wait('exit');
  }
}

/** The environment with our plugin in it. */
export const withPlugin = () =>
    ({...process.env, GST_PLUGIN_PATH: dirname(binary('GENOS_PLUGIN', 'the plugin'))});

export class Launch extends Program {
  /** @param {string} name @param {string[]} words what comes after `gst-launch-1.0` */
  constructor(name, words) {
    super(name);
    const env = withPlugin();
    // A second way out, for lines that write sound as well: fdsink fd=3.
    this.follow(spawn('gst-launch-1.0', ['-q', ...words], {env, stdio: Array(4).fill('pipe')}));
    this.child.stdout.on('data', (data) => this.take({event: 'output', text: data.toString()}));
  }
}

/** A line in Python, of ../peer. */
class Script extends Program {
  /** @param {string} name @param {string} script @param {string[]} words */
  constructor(name, script, words) {
    super(name);
    const path = new URL(`../peer/${script}`, import.meta.url).pathname;
    // The Python that has gi.
    this.follow(spawn('/usr/bin/python3', [path, ...words], {env: withPlugin(), stdio: 'pipe'}));
  }
}

/** A line in which an element gets other properties in the middle (../peer/turning_line.py). */
export class TurningLine extends Script {
  /** @param {string} name @param {string[]} words */
  constructor(name, words) {
    super(name, 'turning_line.py', words);
  }
}

/** A line whose pads come and go (../peer/changing_line.py). */
export class ChangingLine extends Script {
  /** @param {string} name @param {string[]} words properties of its room */
  constructor(name, words) {
    super(name, 'changing_line.py', words);
    createInterface({input: this.child.stdout}).on('line', (line) => this.take(JSON.parse(line)));
  }

  /** @param {string} pad @param {string} words the elements that bring what it shows */
  add(pad, words) {
    this.child.stdin.write(`${pad} ${words}\n`);
  }

  /** @param {string} pad */
  takeAway(pad) {
    this.child.stdin.write(`${pad}\n`);
  }
}

/** The command-line tool, with `--json`. */
export class Tool extends Program {
  /** @param {string} name @param {string[]} words what comes after `genos` @param {object} [env] */
  constructor(name, words, env = process.env) {
    super(name);
    this.follow(spawn(binary('GENOS_TOOL', 'genos'), [...words, '--json'], {env, stdio: 'pipe'}));
    createInterface({input: this.child.stdout}).on('line', (line) => this.take(JSON.parse(line)));
  }
}
