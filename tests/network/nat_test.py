#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Peers behind routers: STUN through masquerades, TURN where only relayed candidates can work."""
import re

from people import LabTest, Peer, Relay, main


class Nats(LabTest):
    def homes(self, symmetric):
        """A public host, and a peer behind a router of its own, twice."""
        internet = self.lab.network("internet", "198.51.100.0/24")
        self.public = self.lab.host("public", internet)
        self.lab.turn_server(self.public)
        self.relay = Relay(self.public)
        self.routers = [self.lab.nat(f"nat-{name}", internet, f"10.77.{number}.0/24",
                                     symmetric=symmetric) for number, name in enumerate("ab", 1)]
        return [Peer(self.lab.host(name, router.inside))
                for name, router in zip("ab", self.routers)]

    def meet(self, peers, ice, policy=None):
        for peer in peers:
            peer.join([self.relay.uri], [ice], policy)
        self.linked(*peers)
        self.talk(*peers)

    def turn(self, options=""):
        return f"turn:user:pass@{self.public.address}:3478{options}"

    def test_masquerade_with_stun(self):
        self.meet(self.homes(symmetric=False), f"stun:{self.public.address}:3478")

    def test_symmetric_with_turn(self):
        self.meet(self.homes(symmetric=True), self.turn())

    def test_symmetric_with_relay_policy(self):
        self.meet(self.homes(symmetric=True), self.turn(), "relay")

    def test_turn_over_tcp_where_no_udp_gets_out(self):
        """As in many an office."""
        peers = self.homes(symmetric=True)
        for router in self.routers:
            router.rules("office", ["chain forward { type filter hook forward priority -5; "
                                    "meta l4proto udp drop; }"])
        self.meet(peers, self.turn("?transport=tcp"))


class Policy(LabTest):
    def test_relay_hides_addresses_of_neighbours(self):
        """They could see each other, and do not."""
        network = self.network()
        public = self.lab.host("public", network)
        one, two = (self.lab.host(name, network) for name in ("one", "two"))
        self.lab.turn_server(public)
        relay = Relay(public)
        one.rules("watch", ["chain out { type filter hook output priority 0; "
                            f"ip daddr {two.address} counter; "
                            f"ip daddr {public.address} counter; }}"])
        peers = Peer(one), Peer(two)
        for peer in peers:
            peer.join([relay.uri], [f"turn:user:pass@{public.address}:3478"], "relay")
        self.linked(*peers)
        self.talk(*peers)
        counts = [int(n) for n in re.findall(r"packets (\d+)", one.sh("nft list table ip watch"))]
        self.assertEqual(counts[0], 0)
        self.assertGreater(counts[1], 0)


if __name__ == "__main__":
    main()
