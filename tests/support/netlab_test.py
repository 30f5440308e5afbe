#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The lab does what it says: what is tested in it depends on that."""
import os
import socket
import statistics
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tap
from netlab import Cable, Lab, command, two_nats

PORT = 4000
SO_SNDBUFFORCE, SO_RCVBUFFORCE = 32, 33


def udp(space, port=0):
    made = space.socket(socket.SOCK_DGRAM)
    made.bind(("0.0.0.0", port))
    for option in (SO_SNDBUFFORCE, SO_RCVBUFFORCE):  # beyond the machine's limit: nothing is lost here
        made.setsockopt(socket.SOL_SOCKET, option, 1 << 22)
    made.settimeout(1)
    return made


def received(there, until=0.3):
    """What comes until nothing does for that long."""
    there.settimeout(until)
    packets = []
    while True:
        try:
            packets.append(there.recvfrom(2048))
        except TimeoutError:
            return packets


def arrives(sender, receiver, address):
    """Whether a packet gets there; says from where it seemed to come."""
    sender.sendto(b"x", address)
    packets = received(receiver, 0.2)
    return packets[0][1] if packets else None


class Cables(unittest.TestCase):
    def pair(self, cable):
        lab = Lab().__enter__()
        self.addCleanup(lab.close)
        network = lab.network("net", "198.51.100.0/24")
        return lab, lab.host("a", network, cable), lab.host("b", network)

    def burst(self, cable, count, pause=0.0):
        """Sends numbered packets from a to b and gives the numbers in the order they came."""
        lab, host_a, host_b = self.pair(cable)
        sender, receiver = udp(host_a), udp(host_b, PORT)
        for number in range(count):
            sender.sendto(number.to_bytes(4, "big"), (host_b.address, PORT))
            time.sleep(pause)
        numbers = [int.from_bytes(data, "big") for data, _ in received(receiver)]
        return numbers, lab.cable_stats()[0]["a_to_b"]

    def test_delay(self):
        _, host_a, host_b = self.pair(Cable(delay_ms=40))
        here, there = udp(host_a), udp(host_b, PORT)
        trips = []
        for _ in range(12):
            start = time.monotonic()
            here.sendto(b"ping", (host_b.address, PORT))
            data, source = there.recvfrom(100)
            there.sendto(data, source)
            here.recvfrom(100)
            trips.append((time.monotonic() - start) * 1000)
        self.assertGreaterEqual(min(trips), 80)
        self.assertLess(statistics.median(trips), 110)

    def test_loss(self):
        numbers, stats = self.burst(Cable(delay_ms=5, loss_percent=20), 1000)
        self.assertTrue(720 <= len(numbers) <= 880, len(numbers))
        self.assertGreaterEqual(stats["lost"], 1000 - len(numbers))

    def test_jitter_keeps_the_order(self):
        numbers, _ = self.burst(Cable(delay_ms=20, jitter_ms=20), 300, 0.0005)
        self.assertEqual(numbers, list(range(300)))

    def test_reordering(self):
        numbers, stats = self.burst(Cable(delay_ms=20, reorder_percent=5), 300, 0.0005)
        self.assertEqual(sorted(numbers), list(range(300)))
        self.assertNotEqual(numbers, sorted(numbers))
        self.assertGreater(stats["reordered"], 0)

    def seconds_for(self, host_a, host_b, count=100):
        """From the first to the last of that many packets of 1,042 bytes, sent at once."""
        sender, receiver = udp(host_a), udp(host_b, PORT)
        arrives(sender, receiver, (host_b.address, PORT))
        for _ in range(count):
            sender.sendto(bytes(1000), (host_b.address, PORT))
        receiver.recv(2048)
        start = time.monotonic()
        for _ in range(count - 1):
            receiver.recv(2048)
        return time.monotonic() - start

    def test_rate_of_a_cable(self):
        _, host_a, host_b = self.pair(Cable(delay_ms=5, rate=1_000_000))
        self.assertTrue(0.7 <= self.seconds_for(host_a, host_b) <= 1.2)

    def test_queue_of_a_cable(self):
        numbers, stats = self.burst(Cable(delay_ms=5, rate=100_000, queue_bytes=2000), 200)
        self.assertGreater(stats["dropped"], 50)
        self.assertEqual(len(numbers) + stats["dropped"], 200)

    def test_rate_by_tbf(self):
        _, host_a, host_b = self.pair(Cable())
        host_a.rate("1mbit", burst="4k", latency="2s")
        self.assertTrue(0.7 <= self.seconds_for(host_a, host_b) <= 1.2)
        host_a.rate(None)
        again = udp(host_b, PORT + 1)
        self.assertTrue(arrives(udp(host_a), again, (host_b.address, PORT + 1)))

    def test_random_loss_by_nft(self):
        _, host_a, host_b = self.pair(Cable())
        sender, receiver = udp(host_a), udp(host_b, PORT)
        host_b.lose(30)
        for _ in range(500):
            sender.sendto(b"x", (host_b.address, PORT))
        self.assertTrue(270 <= len(received(receiver)) <= 430)
        host_b.lose(0)
        sender.sendto(b"x", (host_b.address, PORT))
        self.assertEqual(len(received(receiver)), 1)

    def test_cut_and_only(self):
        _, host_a, host_b = self.pair(Cable())
        here, there, target = udp(host_a), udp(host_b, PORT), (host_b.address, PORT)
        self.assertTrue(arrives(here, there, target))
        host_b.cut()
        self.assertFalse(arrives(here, there, target))
        host_b.heal()
        self.assertTrue(arrives(here, there, target))
        host_b.only("198.51.100.77")
        self.assertFalse(arrives(here, there, target))
        host_b.only(host_a.address)
        self.assertTrue(arrives(here, there, target))


class Nats(unittest.TestCase):
    def lab(self, **options):
        lab = Lab().__enter__()
        self.addCleanup(lab.close)
        return lab, *two_nats(lab, **options)

    def test_masquerade(self):
        _, public, host_a, _ = self.lab()
        inside, outside, stranger = udp(host_a), udp(public, PORT), udp(public, PORT + 1)
        source = arrives(inside, outside, (public.address, PORT))
        self.assertTrue(source[0].startswith("198.51.100."))
        self.assertNotEqual(source[0], public.address)
        self.assertTrue(arrives(outside, inside, source), "the answer comes back")
        self.assertFalse(arrives(stranger, inside, source), "nobody else comes in")
        self.assertEqual(arrives(inside, stranger, (public.address, PORT + 1)), source)

    def test_symmetric(self):
        _, public, host_a, _ = self.lab(symmetric=True)
        inside = udp(host_a)
        ports = {arrives(inside, udp(public, PORT + i), (public.address, PORT + i))[1]
                 for i in range(3)}
        self.assertGreater(len(ports), 1)

    def test_turn_server(self):
        lab, public, host_a, _ = self.lab()
        lab.turn_server(public)
        words = ["turnutils_uclient", "-y", "-u", "user", "-n", "3", public.address]
        good = host_a.run([*words[:-1], "-w", "pass", words[-1]], capture_output=True, text=True)
        self.assertIn("tot_recv_msgs=12", good.stdout)
        bad = host_a.run([*words[:-1], "-w", "wrong", words[-1]], capture_output=True, text=True)
        self.assertNotEqual(bad.returncode, 0)


class Ends(unittest.TestCase):
    def test_nothing_stays(self):
        with Lab() as lab:
            public, *_ = two_nats(lab, Cable(delay_ms=1))
            left = public.popen(["tail", "-f", "/dev/null"])
            prefix = lab.prefix
            self.assertIn(prefix, command("ip", "netns"))
        self.assertNotIn(prefix, command("ip", "netns"))
        self.assertIsNotNone(left.poll())

    def test_a_killed_lab_is_swept(self):
        script = ("import os, signal, netlab; lab = netlab.Lab().__enter__(); "
                  "print(lab.prefix, flush=True); os.kill(os.getpid(), signal.SIGKILL)")
        killed = subprocess.run([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True,
                                cwd=os.path.dirname(os.path.abspath(__file__)), check=False)
        prefix = killed.stdout.strip()
        self.assertIn(prefix, command("ip", "netns"))
        with Lab():
            self.assertNotIn(prefix, command("ip", "netns"))

    def test_from_a_shell(self):
        program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "netlab.py")
        line = "$GENOS_LAB_A bash -c 'exec 3<>/dev/tcp/$GENOS_LAB_ADDRESS/3478' && echo reached"
        run = subprocess.run([sys.executable, program, "two-nats", "--delay", "5", "--turn", "--",
                              "sh", "-c", line.replace("'", '"')], stdout=subprocess.PIPE,
                             text=True, check=False)
        self.assertEqual(run.stdout, "reached\n")


if __name__ == "__main__":
    if os.geteuid() != 0 and not os.environ.get("CI"):
        print("1..0 # SKIP a lab of network namespaces needs root")
        sys.exit(0)
    tap.main()
