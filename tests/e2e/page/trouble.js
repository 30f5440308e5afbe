// SPDX-License-Identifier: LGPL-2.1-or-later
// What now and then goes wrong in a browser, brought about on purpose.

/** The first messages of the next data channel are not sent, and nobody is told. */
export function loseFirstMessages(count) {
  const send = RTCDataChannel.prototype.send;
  RTCDataChannel.prototype.send = function(data) {
    if (count-- > 0) return;
    RTCDataChannel.prototype.send = send;
    this.send(data);
  };
}
