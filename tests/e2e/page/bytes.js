// SPDX-License-Identifier: LGPL-2.1-or-later
// The test pattern of the driver protocol (README.md, "Bytes"): the same in page, harness and peer.

/** @param {number} size @param {number} seed @returns {Uint8Array} */
export function pattern(size, seed) {
  const words = new Uint32Array(Math.ceil(size / 4));
  let x = (seed | 1) >>> 0;
  for (let i = 0; i < words.length; i++) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    words[i] = x;  // little-endian on every machine that a browser of ours runs on
  }
  return new Uint8Array(words.buffer, 0, size);
}

/** @param {BufferSource} bytes @returns {Promise<string>} */
export async function sha256(bytes) {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return [...hash].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
