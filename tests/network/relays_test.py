#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Relays that die while two meet, that come back, and that prove who they are."""
import time

from people import ROOM, Cable, LabTest, Peer, Relay, main, program

# Round trip 200 ms: a join takes so long that it can be hit in the middle.
SLOW = Cable(delay_ms=50)


class DyingRelays(LabTest):
    def room(self, relays):
        network = self.network()
        self.relays = [Relay(self.lab.host(f"relay{n}", network)) for n in range(relays)]
        self.uris = [relay.uri for relay in self.relays]
        first, second = (Peer(self.lab.host(name, network, SLOW)) for name in ("one", "two"))
        first.join(self.uris)
        return first, second

    def join_until(self, second, relay, events):
        """Joins; that relay dies when it has got so many events more: the newcomer announces,
        the other one offers, the newcomer answers."""
        before = relay.metric("genos_relay_events_total")
        second.join(self.uris, wait=False)
        ends = time.monotonic() + 10
        while relay.metric("genos_relay_events_total") < before + events:
            self.assertLess(time.monotonic(), ends, "the relay heard nothing")
        relay.kill()
        self.assertEqual(second.events("peer-join"), [], "it came too late to be hit")

    def test_one_of_two_between_announcement_and_answer(self):
        first, second = self.room(2)
        self.join_until(second, self.relays[0], 2)
        self.linked(first, second)
        self.talk(first, second)

    def test_the_only_one_and_it_comes_back(self):
        first, second = self.room(1)
        self.join_until(second, self.relays[0], 1)
        time.sleep(1)
        self.relays[0].start()
        back = time.time()
        print(f"# linked {self.linked(first, second) - back:.2f} s after it was back", flush=True)
        self.talk(first, second)

    def test_links_do_not_need_it(self):
        first, second = self.room(1)
        second.join(self.uris)
        self.linked(first, second)
        self.relays[0].kill()
        self.talk(first, second)
        self.never_left(first, second)


class Certificates(LabTest):
    def test_a_pinned_self_signed_relay(self):
        network = self.network()
        relay = Relay(self.lab.host("relay", network), tls=True)
        hosts = [self.lab.host(name, network) for name in ("one", "two")]
        peers = [Peer(host) for host in hosts]
        for peer in peers:
            peer.join([f"{relay.uri}#sha256={relay.pin}"])
        self.linked(*peers)
        self.talk(*peers)
        # Nobody comes in through another certificate, nor through one that nobody vouches for.
        for uri in (f"{relay.uri}#sha256={'0' * 64}", relay.uri):
            words = [program("GENOS_TOOL"), "peers", "--room", ROOM, "--signaling", uri,
                     "--ice-servers", "none", "--timeout", "4"]
            run = hosts[0].run(words, capture_output=True, text=True)
            self.assertEqual((run.returncode, run.stdout), (69, ""))
            self.assertIn("certificate", run.stderr.lower())


if __name__ == "__main__":
    main()
