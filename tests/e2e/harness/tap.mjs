// SPDX-License-Identifier: LGPL-2.1-or-later
// A reporter for node:test that prints flat TAP, which meson counts test by test.

const SHOWN = 12_000;  // characters of a failed scenario's log, from its end

const comment = (text) => `${String(text).trimEnd().replaceAll(/^/gm, '# ')}\n`;

/** @param {AsyncIterable<{type: string, data: object}>} source */
export default async function* tap(source) {
  const count = {passed: 0, failed: 0};
  let number = 0;
  let said = '';  // by the scenario that runs
  for await (const {type, data} of source) {
    if (data.skip !== undefined) continue;  // left out by --only
    const title = `${data.name} (${Math.round(data.details?.duration_ms ?? 0)} ms)`;
    if (type === 'test:stdout' || type === 'test:stderr') {
      said += data.message;
      yield comment(data.message);
    }
    if (type === 'test:pass') {
      said = '';
      count.passed++;
      yield `ok ${++number} - ${title}\n`;
    }
    if (type === 'test:fail') {
      count.failed++;
      const {error} = data.details;
      const why = comment(error.cause?.stack ?? error.stack ?? error);
      // meson shows no comments of a program that failed
      process.stderr.write(comment(said.slice(-SHOWN)) + why);
      said = '';
      yield `${why}not ok ${++number} - ${title}\n`;
    }
  }
  yield `1..${number}\n# ${count.passed} passed, ${count.failed} failed\n`;
}
