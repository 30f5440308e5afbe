// SPDX-License-Identifier: LGPL-2.1-or-later
// One member of a room in a test, page or process: takes commands, keeps every event it reported.

/** Seconds that a test waits for one thing unless it says otherwise: the page's own longest timer
 *  on the way to a link is 23 s, but on loopback anything over this is a defect. */
export const PATIENCE = 20;

/** @param {object} event @param {object|((e: object) => boolean)} wanted */
function fits(event, wanted) {
  if (typeof wanted === 'function') return wanted(event);
  return Object.entries(wanted).every(([key, value]) => event[key] === value);
}

export class Actor {
  /** @param {string} name as in logs */
  constructor(name) {
    this.name = name;
    /** @type {object[]} */
    this.events = [];
    /** @type {string[]} */
    this.log = [];
    this.waiters = new Set();
    this.gone = false;
  }

  /** @param {object} event */
  take(event) {
    this.events.push(event);
    this.note(JSON.stringify(event));
    for (const waiter of [...this.waiters]) waiter();
  }

  /** @param {string} line */
  note(line) {
    const text = line.length > 600 ? `${line.slice(0, 600)}…` : line;
    this.log.push(`${new Date().toISOString().slice(11, 23)} ${text}`);
  }

  /** The process or page has ended: nothing more will come. */
  ended(why) {
    this.gone = true;
    this.note(`-- ended: ${why}`);
    for (const waiter of [...this.waiters]) waiter();
  }

  /** Runs a command of the driver protocol; throws what the actor answers as a failure.
   *  @param {string} verb @param {object} [fields] @returns {Promise<object>} */
  async do(verb, fields = {}) {
    this.note(`> ${JSON.stringify({do: verb, ...fields})}`);
    const answer = await this.command({do: verb, ...fields});
    if (answer.event === 'failed') throw new Error(`${this.name}: ${verb}: ${answer.error}`);
    return answer;
  }

  /** All events so far of this kind. @param {string} kind @param {object|Function} [wanted] */
  all(kind, wanted = {}) {
    return this.events.filter((event) => event.event === kind && fits(event, wanted));
  }

  /** A place in the event log, to wait only for what comes after. */
  mark() {
    return this.events.length;
  }

  /** The first such event since `from`, already there or yet to come.
   *  @param {string} kind @param {object|Function} [wanted]
   *  @param {{seconds?: number, from?: number}} [limits] @returns {Promise<object>} */
  wait(kind, wanted = {}, {seconds = PATIENCE, from = 0} = {}) {
    return new Promise((resolve, reject) => {
      const finish = (settle, value) => {
        clearTimeout(timer);
        this.waiters.delete(look);
        settle(value);
      };
      const missing = (why) => new Error(`${this.name}: no ${kind} ${describe(wanted)}: ${why}`);
      const look = () => {
        const found = this.events.slice(from).find((e) => e.event === kind && fits(e, wanted));
        if (found) finish(resolve, found);
        else if (this.gone) finish(reject, missing('it has ended'));
      };
      const timer = setTimeout(() => finish(reject, missing(`in ${seconds} s`)), seconds * 1000);
      this.waiters.add(look);
      look();
    });
  }
}

const describe = (wanted) => typeof wanted === 'function' ? `(${wanted})` : JSON.stringify(wanted);

/** Asks again every 200 ms until the answer pleases.
 *  @template T @param {() => Promise<T>} ask @param {(answer: T) => boolean} pleases
 *  @param {string} what @param {number} [seconds] @returns {Promise<T>} */
export async function until(ask, pleases, what, seconds = PATIENCE) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const answer = await ask();
    if (pleases(answer)) return answer;
    if (Date.now() > end) throw new Error(`${what}: not in ${seconds} s: ${JSON.stringify(answer)}`);
    await sleep(200);
  }
}

/** @param {number} ms */
export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
