// SPDX-License-Identifier: LGPL-2.1-or-later
// Ends whatever a run left behind: processes that carry the run's directory in their environment or
// command line, and nobody else's.
import {readdirSync, readFileSync, rmSync} from 'node:fs';

function mentions(pid, text) {
  return ['environ', 'cmdline'].some((file) => {
    try {
      return readFileSync(`/proc/${pid}/${file}`, 'latin1').includes(text);
    } catch {
      return false;  // gone meanwhile, or not ours
    }
  });
}

/** @param {string} directory unique to the run @returns {number} how many had to be killed */
export function sweep(directory) {
  const left = readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
      .filter((pid) => mentions(pid, directory));
  for (const pid of left) {
    try {
      process.kill(Number(pid), 'SIGKILL');
    } catch {
      // Gone between the look and the kill.
    }
  }
  rmSync(directory, {recursive: true, force: true, maxRetries: 5, retryDelay: 200});
  return left.length;
}
