# SPDX-License-Identifier: LGPL-2.1-or-later
"""Peers and relays in the hosts of a lab (../support/netlab.py), driven by a test.

A peer is a genos-test-peer (../e2e/README.md says what it obeys and reports), or the command-line
tool. All times are the wall clock in seconds; peers are on one machine, so their times compare.
"""
import hashlib
import json
import os
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import tap  # noqa: E402
from netlab import Cable, Lab, Space, change_namespace, wait_for_port  # noqa: E402,F401

ROOM = "net"
CHANNEL = "talk"
SECONDS = 20  # for what should take a blink: the machine may be busy, and it must end some day
PORT = 7712


def program(variable):
    path = os.environ.get(variable)
    if not path:
        raise FileNotFoundError(f"${variable} does not name the built program")
    return path


class Process:
    """A program that reports in lines of JSON; whatever it says is kept, with the time of it."""

    def __init__(self, space, words, env=None):
        self.heard = []
        self.news = threading.Condition()
        self.log = []
        environment = {**os.environ, "GENOS_SIGNALING": "", "GENOS_ICE_SERVERS": "", **(env or {})}
        self.process = space.popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True, env=environment)
        threading.Thread(target=self.read, daemon=True).start()
        threading.Thread(target=self.read_log, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            if not line.startswith("{"):  # GLib writes what G_MESSAGES_DEBUG asks for here
                self.log.append(line)
                continue
            event = json.loads(line)
            event["t"] = event["t"] / 1000 if "t" in event else time.time()
            with self.news:
                self.heard.append(event)
                self.news.notify_all()
        with self.news:
            self.heard.append({"event": "exit", "t": time.time()})
            self.news.notify_all()

    def read_log(self):
        self.log.extend(self.process.stderr)

    def events(self, name, **fields):
        with self.news:
            return [e for e in self.heard if matches(e, name, fields)]

    def expect(self, name, seconds=SECONDS, since=0, **fields):
        """The first such event since then, waited for."""
        ends = time.monotonic() + seconds
        with self.news:
            while True:
                for event in self.heard:
                    if event["t"] >= since and matches(event, name, fields):
                        return event
                ended = self.heard and self.heard[-1]["event"] == "exit"
                left = ends - time.monotonic()
                if left <= 0 or ended:
                    raise AssertionError(
                        f"no {name} {fields} within {seconds} s; heard: {self.heard[-12:]}; "
                        f"log: {''.join(self.log[-12:])}")
                self.news.wait(left)

    def kill(self):
        self.process.kill()
        self.process.wait()
        return time.time()


class Peer(Process):
    """A genos-test-peer; warmed when made."""

    def __init__(self, space, prefix="", env=None):
        self.numbers = 0
        super().__init__(space, [program("GENOS_TEST_PEER"), f"--id-prefix={prefix}"], env)
        self.id = self.expect("ready")["self"]

    def say(self, verb, **fields):
        self.numbers += 1
        words = {key: value for key, value in fields.items() if value is not None}
        self.process.stdin.write(json.dumps({"do": verb, "id": self.numbers, **words}) + "\n")
        self.process.stdin.flush()
        return self.numbers

    def do(self, verb, seconds=SECONDS, **fields):
        number = self.say(verb, room=ROOM, **fields)
        answer = self.expect_answer(number, seconds)
        if answer["event"] == "failed":
            raise AssertionError(f"{verb} failed: {answer['error']}")
        return answer

    def expect_answer(self, number, seconds=SECONDS):
        return self.expect(("done", "failed"), seconds, id=number)

    def join(self, relays=None, ice=None, policy=None, wait=True):
        """Gives the time of the call; with wait, a relay carries it afterwards."""
        now = time.time()
        number = self.say("join", room=ROOM, relays=relays, ice=ice or ["none"], policy=policy)
        self.say("channel", room=ROOM, channel=CHANNEL)
        if wait:
            answer = self.expect_answer(number)
            if answer["event"] == "failed":
                raise AssertionError(f"join failed: {answer['error']}")
        return now

    def send(self, text):
        self.say("send", room=ROOM, channel=CHANNEL, kind="text", text=text)


class Tool(Process):
    """The command-line tool in the room, with that command and its words."""

    def __init__(self, space, relay, verb, *words):
        super().__init__(space, [program("GENOS_TOOL"), verb, "--json", "--room", ROOM,
                                 "--signaling", relay.uri, "--ice-servers", "none", *words])

    def ends(self, seconds=SECONDS):
        """Its exit code, once all it said has been heard."""
        self.expect("exit", seconds)
        return self.process.wait(SECONDS)


def matches(event, name, fields):
    """A field that is a function says itself what it wants."""
    names = name if isinstance(name, tuple) else (name,)
    return event["event"] in names and all(
        wanted(event.get(key)) if callable(wanted) else event.get(key) == wanted
        for key, wanted in fields.items())


def digest_of_pattern(size, seed):
    """Of the bytes that a peer sends for that size and seed (../e2e/README.md)."""
    word, words = seed | 1, []
    for _ in range((size + 3) // 4):
        word ^= word << 13 & 0xFFFFFFFF
        word ^= word >> 17
        word ^= word << 5 & 0xFFFFFFFF
        words.append(word)
    data = struct.pack(f"<{len(words)}I", *words)[:size]
    return hashlib.sha256(data).hexdigest()


class Relay:
    """A genos-signald in a host; may be killed and started again on its port."""

    def __init__(self, space, port=PORT, tls=False):
        self.space, self.port, self.tls = space, port, tls
        self.uri = f"{'wss' if tls else 'ws'}://{space.address}:{port}"
        self.start()

    def start(self):
        words = [program("GENOS_SIGNALD"), "--listen", f"{self.space.address}:{self.port}",
                 *([] if self.tls else ["--no-tls"])]
        with tempfile.TemporaryDirectory() as state:  # where it keeps the certificate it makes
            self.process = self.space.popen(words, stdout=subprocess.PIPE, text=True,
                                            stderr=subprocess.DEVNULL,
                                            env={**os.environ, "XDG_STATE_HOME": state})
            wait_for_port(self.process, "tcp", self.port)
            if self.tls:
                said = next(line for line in self.process.stdout if line.startswith("certificate"))
                self.pin = said.split()[-1].replace(":", "").lower()

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def metric(self, name):
        """Its own count, read from inside its host."""
        with open("/proc/self/ns/net", "rb") as home, open(self.space.path, "rb") as away:
            change_namespace(away)
            try:
                url = f"http://{self.space.address}:{self.port}/metrics"
                text = urllib.request.urlopen(url, timeout=5).read().decode()
            finally:
                change_namespace(home)
        return sum(float(line.split()[-1]) for line in text.splitlines()
                   if line.startswith(name) and line[len(name):][:1] in (" ", "{"))


def main(cases=()):
    """Runs the cases of the calling script: those named as arguments, else `cases`, else all."""
    if os.geteuid() != 0 and not os.environ.get("CI"):
        print("1..0 # SKIP a lab of network namespaces needs root")
        return
    sys.argv[1:] = sys.argv[1:] or cases
    tap.main()


class LabTest(unittest.TestCase):
    """A lab for each test, and what is said about peers in all of them."""

    def setUp(self):
        self.lab = Lab().__enter__()
        self.addCleanup(self.lab.close)

    def alone(self):
        """A machine whose only interface is the loopback."""
        return Space(self.lab, "alone")

    def network(self):
        return self.lab.network("lan", "198.51.100.0/24")

    def linked(self, *peers, seconds=SECONDS):
        """Each has seen each; gives the time at which the last one did."""
        return max(one.expect("peer-join", seconds, peer=other.id)["t"]
                   for one in peers for other in peers if one is not other)

    def talk(self, *peers, seconds=SECONDS):
        """What each says arrives at each other, and at the right one."""
        for one in peers:
            number = one.numbers
            one.send(f"{one.id} {number}")
            for other in peers:
                if other is not one:
                    other.expect("message", seconds, peer=one.id, text=f"{one.id} {number}")

    def never_left(self, *peers):
        for one in peers:
            for other in peers:
                self.assertEqual(one.events("peer-leave", peer=other.id), [])
