// SPDX-License-Identifier: LGPL-2.1-or-later
// Installs exactly what package-lock.json says, once per lock file. Imports nothing of it.
import {spawnSync} from 'node:child_process';
import {createHash} from 'node:crypto';
import {existsSync, readFileSync, writeFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';

const HOME = fileURLToPath(new URL('..', import.meta.url));
const STAMP = `${HOME}node_modules/.genos-lock`;

export function ensureModules() {
  const lock = createHash('sha256').update(readFileSync(`${HOME}package-lock.json`)).digest('hex');
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === lock) return;
  // No install scripts: esbuild's program is an ordinary package of its own, and no browser is fetched.
  const npm = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'],
                        {cwd: HOME, encoding: 'utf8'});
  if (npm.status !== 0) {
    throw new Error(`npm ci in ${HOME} failed: ${npm.error ?? npm.stderr + npm.stdout}`);
  }
  writeFileSync(STAMP, lock);
}
