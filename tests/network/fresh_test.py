#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is good only now, over a line that loses a fifth of it."""
import statistics
import time

from people import Cable, CHANNEL, LabTest, Peer, ROOM, Relay, main

MESSAGES = 300
PAUSE = 0.01
# Ten packets.
LARGE = 12_000 * "x"


class Fresh(LabTest):
    def setUp(self):
        super().setUp()
        lan = self.network()
        relay = Relay(self.lab.host("relay", lan))
        cable = Cable(delay_ms=25)
        self.hosts = [self.lab.host(name, lan, cable) for name in ("one", "two")]
        self.one, self.two = (Peer(host) for host in self.hosts)
        for peer in (self.one, self.two):
            peer.join([relay.uri])
        self.linked(self.one, self.two)

    def ages(self, **how):
        """Seconds that each message which came was on its way, by its number."""
        sent, begun = {}, time.time()
        for number in range(MESSAGES):
            text = f"{'fresh' if how else 'kept'} {number}"
            sent[text] = time.time()
            self.one.say("send", room=ROOM, channel=CHANNEL, kind="text", text=text, **how)
            time.sleep(PAUSE)
        time.sleep(1)
        return {e["text"]: e["t"] - sent[e["text"]] for e in self.two.events("message")
                if e["text"] in sent and e["t"] >= begun}

    def test_what_is_lost_holds_up_nothing(self):
        self.ages(fresh=True)  # the channel is open
        for host in self.hosts:
            host.lose(20)
        fresh = self.ages(fresh=True)
        kept = self.ages()
        for name, ages in (("fresh", fresh), ("kept", kept)):
            print(f"# {name}: {len(ages)} of {MESSAGES} within a second of the last, the slowest "
                  f"{max(ages.values(), default=0):.3f} s", flush=True)
        self.assertLess(len(fresh), 0.95 * MESSAGES)
        self.assertGreater(len(fresh), 0.5 * MESSAGES)
        # 50 ms of line, and this machine; sent again it would be 150 at least.
        self.assertLess(statistics.median(fresh.values()), 0.1)
        self.assertGreater(statistics.median(kept.values()), 0.15)

    def test_a_flood_of_large_ones_that_are_lost_leaves_the_link_as_it_was(self):
        self.ages(fresh=True)
        for host in self.hosts:
            host.lose(5)
        for number in range(10 * MESSAGES):
            self.one.say("send", room=ROOM, channel=CHANNEL, kind="text", fresh=True,
                         text=f"large {number} " + LARGE)
            time.sleep(PAUSE / 3)
        for host in self.hosts:
            host.lose(0)
        healed = self.ages(fresh=True)
        kept = self.ages()
        large = [e["text"] for e in self.two.events("message") if e["text"].startswith("large")]
        print(f"# large: {len(large)} of {10 * MESSAGES}; then {len(healed)} and {len(kept)} of "
              f"{MESSAGES}, the slowest {max(healed.values(), default=0):.3f} s", flush=True)
        self.assertGreater(len(large), 0)
        self.assertTrue(all(text.endswith(" " + LARGE) for text in large))
        # What was under way when the line was mended is gone within half a second.
        self.assertGreater(len(healed), 0.8 * MESSAGES)
        self.assertEqual(len(kept), MESSAGES)


if __name__ == "__main__":
    main()
