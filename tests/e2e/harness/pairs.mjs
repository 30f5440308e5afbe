// SPDX-License-Identifier: LGPL-2.1-or-later
// Who meets whom: every behaviour is written once, proved with two pages, then run with a native
// peer that leads (id 00…) and one that follows (id zz…).

/** @typedef {object} Pair
 *  @property {string} label
 *  @property {'npm'|'signald'} relay
 *  @property {boolean} native whether `other` is a process of ours
 *  @property {number} lossSeconds how long `other` may take to notice that a page was killed
 *  @property {boolean} returns whether who left can be expected to come back on the same page
 *  @property {(lab: object, kind?: object) => Promise<object>} page
 *  @property {(lab: object, name?: string, kind?: object) => Promise<object>} other */

/** @param {'npm'|'signald'} relay @param {object} [browser] @returns {Pair} */
export function pagePair(relay, browser = {}) {
  return {
    label: `two pages over ${relay}`,
    relay,
    native: false,
    lossSeconds: 25,  // Chromium: ICE disconnected after some 8 s, and trystero tolerates 5 s of that
    // trystero 0.25.4: two pages keep their connection when one leaves, and the handshake of its
    // return over it is lost now and then (immediately, or 0.7 s later): one of them stays alone with
    // "handshake timed out after 10000ms". A native peer closes the connection and has no such excuse.
    returns: false,
    page: (lab, kind) => lab.page('page', {...browser, ...kind}),
    other: (lab, name = 'other', kind) => lab.page(name, kind),
  };
}

/** @param {'00'|'zz'} prefix @param {object} [browser] @returns {Pair} */
export function nativePair(prefix, browser = {}) {
  return {
    label: `page and native ${prefix}…`,
    relay: process.env.GENOS_E2E_RELAY ?? 'signald',
    native: true,
    lossSeconds: 10,
    returns: true,
    page: (lab, kind) => lab.page('page', {...browser, ...kind}),
    other: (lab, name = 'native') => lab.native(name, {prefix}),
  };
}
