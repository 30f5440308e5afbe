#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Peers find each other where there is little network, and where no server is."""
import statistics
import time

from people import LabTest, Peer, Relay, main


class LoopbackOnly(LabTest):
    def test_two_that_start_together(self):
        machine = self.alone()
        peers = [Peer(machine), Peer(machine)]
        for peer in peers:
            peer.join(wait=False)
        self.linked(*peers)
        self.talk(*peers)

    def test_the_one_with_the_relay_is_killed(self):
        machine = self.alone()
        holder = Peer(machine)
        holder.join()
        others = [Peer(machine), Peer(machine)]
        fourth = Peer(machine)
        for peer in others:
            peer.join()
        self.linked(holder, *others)
        killed = holder.kill()
        time.sleep(1)  # as the design has it: one who joins a second later
        fourth.join()
        came = self.linked(fourth, *others)
        self.assertLess(came - killed - 1, 3)
        for peer in others:
            peer.expect("peer-leave", 10, peer=holder.id, reason="lost")
        self.never_left(*others)
        self.talk(fourth, *others)


class NoInternet(LabTest):
    def test_a_silent_stun_server_delays_nothing(self):
        network = self.network()
        one, two = (Peer(self.lab.host(name, network)) for name in ("one", "two"))
        relay = Relay(self.lab.host("relay", network))
        hole = self.lab.host("hole", network)
        hole.cut()
        floor, silent = [], []
        self.meet(one, two, relay, "none")  # makes certificates, which takes longer than all this
        for number in range(5):
            floor.append(self.meet(one, two, relay, "none"))
            # Each time another server, of which nothing is known yet.
            silent.append(self.meet(one, two, relay, f"stun:{hole.address}:{4000 + number}"))
        print(f"# seconds without: {floor}, with: {silent}", flush=True)
        self.assertLess(statistics.median(silent), 2 * statistics.median(floor) + 0.1)

    def meet(self, one, two, relay, ice):
        one.join([relay.uri], [ice])
        called = two.join([relay.uri], [ice])
        came = [peer.expect("peer-join", since=called)["t"] for peer in (one, two)]
        for peer in (one, two):
            peer.do("leave")
        return max(came) - called


class LocalNetwork(LabTest):
    def test_found_by_beacons_and_the_relay_goes(self):
        network = self.network()
        hosts = [self.lab.host(name, network) for name in ("one", "two", "three", "four")]
        first, second, third, fourth = (Peer(host) for host in hosts)
        for peer in (first, second):
            peer.join(["lan"], wait=False)
        self.linked(first, second)
        third.join(["lan"])
        self.linked(first, second, third)
        self.talk(first, second, third)
        first.kill()
        fourth.join(["lan"])
        self.linked(second, third, fourth)
        for peer in (second, third):
            peer.expect("peer-leave", 10, peer=first.id, reason="lost")
        self.never_left(second, third)
        self.talk(second, third, fourth)


if __name__ == "__main__":
    main()
