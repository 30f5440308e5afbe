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

export class Launch extends Program {
  /** @param {string} name @param {string[]} words what comes after `gst-launch-1.0` */
  constructor(name, words) {
    super(name);
    const plugins = dirname(binary('GENOS_PLUGIN', 'the plugin'));
    const env = {...process.env, GST_PLUGIN_PATH: plugins};
    // A second way out, for lines that write sound as well: fdsink fd=3.
    this.follow(spawn('gst-launch-1.0', ['-q', ...words], {env, stdio: Array(4).fill('pipe')}));
    this.child.stdout.on('data', (data) => this.take({event: 'output', text: data.toString()}));
  }
}

/** A line in Python whose pads come and go (../peer/changing_line.py). */
export class ChangingLine extends Program {
  /** @param {string} name @param {string[]} words properties of its room */
  constructor(name, words) {
    super(name);
    const env = {...process.env, GST_PLUGIN_PATH: dirname(binary('GENOS_PLUGIN', 'the plugin'))};
    const script = new URL('../peer/changing_line.py', import.meta.url).pathname;
    // The Python that has gi.
    this.follow(spawn('/usr/bin/python3', [script, ...words], {env, stdio: 'pipe'}));
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
  /** @param {string} name @param {string[]} words what comes after `genos` */
  constructor(name, words) {
    super(name);
    this.follow(spawn(binary('GENOS_TOOL', 'genos'), [...words, '--json'], {stdio: 'pipe'}));
    createInterface({input: this.child.stdout}).on('line', (line) => this.take(JSON.parse(line)));
  }
}
