#!/usr/bin/env node
// SPDX-License-Identifier: LGPL-2.1-or-later
// Runs scenario files: installs the npm packages when the lock file changed, gives the run a
// directory of its own, and leaves no process behind. See README.md.
import {spawn} from 'node:child_process';
import {mkdtempSync, readdirSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {parseArgs} from 'node:util';

import {ensureModules} from './harness/modules.mjs';
import {sweep} from './harness/sweep.mjs';

const HELP = `usage: run.mjs [--full] [--tap] [--only PATTERN] [NAME…]
  NAME            scenario files to run (scenarios/NAME.test.mjs); all ordinary ones by default
  --full          also those that need what is not installed by default (firefox)
  --only PATTERN  only scenarios whose title matches
  --tap           flat TAP on stdout, for meson
`;
const FULL_ONLY = ['firefox'];
// These cut paths: each run has a network of its own, with nothing but loopback in it.
const ALONE = ['broken'];
const OWN_NETWORK = ['--net', '--', 'sh', '-c', 'ip link set lo up && exec "$0" "$@"'];
const here = (path) => fileURLToPath(new URL(path, import.meta.url));

const {values: options, positionals} = parseArgs({allowPositionals: true, options: {
  full: {type: 'boolean'}, tap: {type: 'boolean'}, only: {type: 'string'}, help: {type: 'boolean'},
}});

function chosenFiles() {
  const known = readdirSync(here('scenarios')).map((file) => file.replace('.test.mjs', ''));
  const names = positionals.length ? positionals
      : known.filter((name) => options.full || !FULL_ONLY.includes(name));
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length) throw new Error(`no such scenario file: ${unknown}; there are: ${known}`);
  const paths = (some) => some.map((name) => here(`scenarios/${name}.test.mjs`));
  return [{files: paths(names.filter((name) => !ALONE.includes(name))), alone: false},
          {files: paths(names.filter((name) => ALONE.includes(name))), alone: true}]
      .filter(({files}) => files.length > 0);
}

function runNode({files, alone}, directory) {
  const reporter = options.tap ? here('harness/tap.mjs') : 'spec';
  const pattern = options.only ? ['--test-name-pattern', options.only] : [];
  const command = [process.execPath, '--test', '--test-concurrency=1',
                   `--test-reporter=${reporter}`, ...pattern, ...files];
  const [program, ...args] = alone ? ['unshare', ...OWN_NETWORK, ...command] : command;
  return spawn(program, args, {stdio: 'inherit',
                               env: {...process.env, GENOS_E2E_DIR: directory, TMPDIR: directory}});
}

function main() {
  if (options.help) return void process.stdout.write(HELP);
  const groups = chosenFiles();
  ensureModules();
  const directory = mkdtempSync(join(tmpdir(), 'genos-e2e-'));
  const finish = (code) => {
    const left = sweep(directory);
    if (left) process.stderr.write(`# ${left} processes had to be killed\n`);
    process.exit(code);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => finish(130));
  let failed = 0;
  const next = () => {
    const group = groups.shift();
    if (!group) return finish(failed);
    runNode(group, directory).on('exit', (code) => {
      failed ||= code ?? 1;
      next();
    });
  };
  next();
}

main();
