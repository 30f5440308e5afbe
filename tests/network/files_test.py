#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Files over bad lines, cut paths and a thin uplink, sent and received by the command-line tool.

LongBadLine and LongCuts run with `gst/tools/dev test --full` only.
"""
import hashlib
import json
import os
import random
import statistics
import tempfile
import time

from people import SECONDS, Cable, LabTest, Relay, Tool, main

MEGABYTE = 1_000_000


def digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Files(LabTest):
    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def hosts(self, *names, cable=None):
        """The relay has a plain cable."""
        self.lan = self.network()
        self.relay = Relay(self.lab.host("relay", self.lan))
        return [self.lab.host(name, self.lan, cable) for name in names]

    def file(self, size):
        self.path = os.path.join(self.folder, "film.mkv")
        with open(self.path, "wb") as file:
            file.write(random.Random(size).randbytes(size))
        return self.path

    def send(self, host, size, *words):
        return Tool(host, self.relay, "send", self.file(size), *words)

    def receive(self, host, *words):
        into = os.path.join(self.folder, host.name)
        os.mkdir(into)
        return Tool(host, self.relay, "receive", "--yes", "--count", "1", "--into", into, *words)

    def arrives(self, sender, *receivers, seconds):
        """Whole at each, and both sides end by themselves; gives the time of the last one."""
        ends = time.monotonic() + seconds
        last = 0
        for receiver in receivers:
            got = receiver.expect("received", max(1, ends - time.monotonic()))
            last = max(last, got["t"])
            self.assertEqual(digest(got["path"]), digest(self.path))
            self.assertEqual(os.listdir(os.path.dirname(got["path"])), ["film.mkv"])
        for process in (*receivers, sender):
            self.assertEqual(process.ends(), 0, process.log)
        return last

    def until(self, true, seconds=SECONDS):
        ends = time.monotonic() + seconds
        while not true():
            self.assertLess(time.monotonic(), ends)
            time.sleep(0.05)

    def bad_line(self, size, seconds):
        """Round trip 100 ms, of a hundred packets five are lost each way: a loss that holds SCTP to
        some 65 kB/s, whoever uses it."""
        one, two = self.hosts("one", "two", cable=Cable(delay_ms=25, loss_percent=2.5))
        receiver, sender = self.receive(two), self.send(one, size)
        begun = sender.expect("peer", what="takes")["t"]
        took = self.arrives(sender, receiver, seconds=seconds) - begun
        print(f"# {size / MEGABYTE:.1f} MB in {took:.1f} s", flush=True)
        self.assertEqual(receiver.events("waiting"), [])
        self.assertEqual(sender.events("peer", what="gone"), [])

    def half_way(self):
        """A sender and a receiver who are in the middle of it."""
        self.pair = self.hosts("one", "two")
        receiver = self.receive(self.pair[1])
        sender = self.send(self.pair[0], 6 * MEGABYTE, "--limit", "1M")
        receiver.expect("progress", done=lambda done: done > 2 * MEGABYTE)
        return sender, receiver


class BadLine(Files):
    def test_most_of_a_megabyte(self):
        self.bad_line(700_000, 60)


class LongBadLine(Files):
    def test_eight_megabytes(self):
        self.bad_line(8 * MEGABYTE, 300)


class Cuts(Files):
    def test_five_seconds_without_any_network(self):
        sender, receiver = self.half_way()
        self.pair[1].cut()
        time.sleep(5)
        self.pair[1].heal()
        self.arrives(sender, receiver, seconds=40)
        self.assertEqual(receiver.events("waiting"), [])
        self.assertEqual(sender.events("peer", what="gone"), [])


class LongCuts(Files):
    def outlast(self, cut, heal):
        """Both notice, and go on where they were without being told."""
        sender, receiver = self.half_way()
        begun = time.time()
        cut()
        receiver.expect("waiting", 25)
        gone = sender.expect("peer", 25, what="gone")
        before = receiver.events("progress")[-1]["done"]
        time.sleep(30 - (time.time() - begun))
        healed = time.time()
        heal()
        takes = sender.expect("peer", 30, since=gone["t"], what="takes")
        after = receiver.expect("progress", since=healed)
        whole = self.arrives(sender, receiver, seconds=60)
        print(f"# goes on {takes['t'] - healed:.1f} s after the cut, whole after "
              f"{whole - healed:.1f} s", flush=True)
        self.assertGreaterEqual(after["done"], before)

    def test_of_everything(self):
        self.outlast(lambda: self.pair[1].cut(), lambda: self.pair[1].heal())

    def test_of_the_path(self):
        """The relay still sees both."""
        self.outlast(lambda: self.pair[1].only(self.relay.space.address),
                     lambda: self.pair[1].rules("only", []))


class Bystanders(Files):
    def test_others_are_answered_meanwhile(self):
        """Round trip 20 ms."""
        one, two, three, four = self.hosts("one", "two", "three", "four", cable=Cable(delay_ms=5))
        Tool(three, self.relay, "peers", "--watch", "--self-id", "00bystander000000000")
        ping = Tool(four, self.relay, "ping", "00bystander000000000", "--count", "1000",
                    "--timeout", "300")
        ping.expect("pong")
        receiver, sender = self.receive(two), self.send(one, 48 * MEGABYTE)
        begun = sender.expect("peer", what="takes")["t"]
        ended = self.arrives(sender, receiver, seconds=120)
        after = time.time()
        ping.expect("pong", since=after + 2)
        pongs = ping.events("pong")
        during = [pong["ms"] for pong in pongs if begun < pong["t"] < ended]
        idle = [pong["ms"] for pong in pongs if not begun < pong["t"] < after + 0.1]
        print(f"# 48 MB in {ended - begun:.1f} s; round trips: {figures(idle)} without it, "
              f"{figures(during)} meanwhile", flush=True)
        self.assertGreater(len(during), 0)


class Several(Files):
    def test_five_receivers_behind_a_thin_uplink(self):
        lone, = self.hosts("sender", cable=Cable(delay_ms=5, rate=16_000_000))
        receivers = [self.receive(self.lab.host(f"receiver{n}", self.lan)) for n in range(5)]
        probe = Tool(lone, self.relay, "peers", "--watch")
        self.until(lambda: len(probe.events("peer-join")) == 5)
        probe.kill()
        before = sent_by(lone)
        sender = self.send(lone, 12 * MEGABYTE, "--count", "5")
        begun = sender.expect("peer", what="takes")["t"]
        took = self.arrives(sender, *receivers, seconds=120) - begun
        share = (sent_by(lone) - before) / (12 * MEGABYTE)
        print(f"# 12 MB to five at 2 MB/s in {took:.1f} s, sent {share:.2f} times", flush=True)
        self.assertLess(share, 1.5)


def figures(trips):
    if not trips:
        return "none"
    return f"{statistics.median(trips):.1f} ms (of {len(trips)}, at most {max(trips):.1f})"


def sent_by(host):
    """Bytes that left it, with all that surrounds the file's own."""
    return json.loads(host.sh("ip -j -s link show eth0"))[0]["stats64"]["tx"]["bytes"]


if __name__ == "__main__":
    main(["BadLine", "Cuts", "Bystanders", "Several"])
