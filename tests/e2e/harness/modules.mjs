// SPDX-License-Identifier: LGPL-2.1-or-later
// Installs exactly what package-lock.json says, once per lock file. Imports nothing of it.
import {spawnSync} from 'node:child_process';
import {createHash} from 'node:crypto';
import {existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';

const HOME = fileURLToPath(new URL('..', import.meta.url));
const STAMP = `${HOME}node_modules/.genos-lock`;

const PATIENCE = 300_000;  // ms; npm takes some ten seconds

const hashOf = (data) => createHash('sha256').update(data).digest('hex');

/** Of several runs that begin together one installs, and the others wait. */
function alone(action) {
  const lock = join(tmpdir(), `genos-e2e-${hashOf(HOME).slice(0, 16)}`);
  for (;;) {
    try {
      mkdirSync(lock);
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const age = Date.now() - (statSync(lock, {throwIfNoEntry: false})?.mtimeMs ?? Date.now());
    if (age > PATIENCE) rmSync(lock, {recursive: true, force: true});  // somebody was killed
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
  }
  try {
    action();
  } finally {
    rmSync(lock, {recursive: true, force: true});
  }
}

export function ensureModules() {
  alone(install);
}

function install() {
  const lock = hashOf(readFileSync(`${HOME}package-lock.json`));
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === lock) return;
  // No install scripts: esbuild's program is an ordinary package of its own, and no browser is fetched.
  const npm = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'],
                        {cwd: HOME, encoding: 'utf8'});
  if (npm.status !== 0) {
    throw new Error(`npm ci in ${HOME} failed: ${npm.error ?? npm.stderr + npm.stdout}`);
  }
  writeFileSync(STAMP, lock);
}
