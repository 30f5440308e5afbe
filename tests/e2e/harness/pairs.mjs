// SPDX-License-Identifier: LGPL-2.1-or-later
// Who meets whom: every behaviour is written once, proved with two pages, then run with a native
// peer that leads (id 00…) and one that follows (id zz…).

/** @typedef {object} Pair
 *  @property {string} label
 *  @property {'npm'|'signald'} relay
 *  @property {number} lossSeconds how long `other` may take to notice that a page was killed
 *  @property {number} returnAfter ms between a leave() that is done and the next joinRoom()
 *  @property {(lab: object, kind?: object) => Promise<object>} page
 *  @property {(lab: object, name?: string, kind?: object) => Promise<object>} other */

/** @param {'npm'|'signald'} relay @param {object} [browser] @returns {Pair} */
export function pagePair(relay, browser = {}) {
  return {
    label: `two pages over ${relay}`,
    relay,
    lossSeconds: 25,  // Chromium: ICE disconnected after some 8 s, and trystero tolerates 5 s of that
    // trystero 0.25.4: two pages that keep their connection lose the handshake of a return at once,
    // and one of them stays alone ("handshake timed out after 10000ms").
    returnAfter: 500,
    page: (lab, kind) => lab.page('page', {...browser, ...kind}),
    other: (lab, name = 'other', kind) => lab.page(name, kind),
  };
}

/** @param {'00'|'zz'} prefix @param {object} [browser] @returns {Pair} */
export function nativePair(prefix, browser = {}) {
  return {
    label: `page and native ${prefix}…`,
    relay: process.env.GENOS_E2E_RELAY ?? 'signald',
    lossSeconds: 10,
    returnAfter: 0,
    page: (lab, kind) => lab.page('page', {...browser, ...kind}),
    other: (lab, name = 'native') => lab.native(name, {prefix}),
  };
}
