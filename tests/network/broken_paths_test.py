#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A peer that dies, a path that is cut, a cable that loses: who notices what, and when.

CutsForLong runs with `gst/tools/dev test --full` only.
"""
import time

from people import Cable, LabTest, Peer, Relay, digest_of_pattern, main


class Paths(LabTest):
    def pair(self, cable=None):
        network = self.network()
        self.relay_host = self.lab.host("relay", network)
        self.relay = Relay(self.relay_host)
        self.hosts = [self.lab.host(name, network, cable) for name in ("one", "two")]
        peers = [Peer(host) for host in self.hosts]
        for peer in peers:
            peer.join([self.relay.uri])
        self.linked(*peers)
        return peers

    def cut_path(self):
        """Only between the peers: the relay still sees both."""
        self.hosts[1].only(self.relay_host.address)

    def mend_path(self):
        self.hosts[1].rules("only", [])


class Life(Paths):
    def test_a_killed_peer_is_reported(self):
        one, two = self.pair()
        killed = two.kill()
        left = one.expect("peer-leave", 15, peer=two.id, reason="lost")
        self.assertLess(left["t"] - killed, 10)

    def test_five_seconds_without_any_network(self):
        one, two = self.pair()
        self.survives(one, two, self.hosts[1].cut, self.hosts[1].heal)

    def test_five_seconds_without_the_path(self):
        one, two = self.pair()
        self.survives(one, two, self.cut_path, self.mend_path)

    def survives(self, one, two, cut, heal):
        cut()
        one.send("said in the dark")
        time.sleep(5)
        two.send("said in the dark too")
        heal()
        two.expect("message", peer=one.id, text="said in the dark")
        one.expect("message", peer=two.id, text="said in the dark too")
        self.talk(one, two)
        self.never_left(one, two)
        self.assertEqual(len(one.events("peer-join")), 1)


class CutsForLong(Paths):
    """Half a minute each of doing nothing: too long for every change. Back within five seconds, of which
    the last check of an attempt that has just ended takes four; and one for a busy machine."""

    def outlast(self, cut, heal, most):
        one, two = self.pair()
        cut()
        left = [peer.expect("peer-leave", 25, reason="lost")["t"] for peer in (one, two)]
        time.sleep(max(0, 30 - (time.time() - min(left))))
        healed = time.time()
        heal()
        again = max(peer.expect("peer-join", 90, since=healed)["t"] for peer in (one, two))
        print(f"# linked again {again - healed:.1f} s after the cut", flush=True)
        self.assertLess(again - healed, most)
        self.talk(one, two)

    def test_of_everything(self):
        self.outlast(lambda: self.hosts[1].cut(), lambda: self.hosts[1].heal(), 6)

    def test_of_the_path(self):
        self.outlast(self.cut_path, self.mend_path, 6)


class Loss(Paths):
    def test_a_mebibyte_over_a_bad_line(self):
        """Round trip 100 ms, of a hundred packets five are lost each way."""
        one, two = self.pair(Cable(delay_ms=25, loss_percent=2.5))
        self.talk(one, two)
        one.do("send", 120, channel="talk", kind="bytes", size=1 << 20, seed=7)
        got = two.expect("message", 120, peer=one.id, kind="bytes")
        self.assertEqual(got["size"], 1 << 20)
        self.assertEqual(got["sha256"], digest_of_pattern(1 << 20, 7))
        self.never_left(one, two)


if __name__ == "__main__":
    main(["Life", "Loss"])
