#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A stream of bytes between two lines of gst-launch-1.0: streams_test.py [--full]. TAP."""
import hashlib
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import tap

FULL = "--full" in sys.argv and bool(sys.argv.remove("--full") or True)
MEBI = 1 << 20
# Not a multiple of anything, so that there is a last piece.
SIZE = (1024 if FULL else 16) * MEBI + 7
# For a line, whatever runs through it: 40 MiB are usual.
MEMORY = 128 * MEBI
STREAM = ["genosdatachannel", "room=streams", "framing=bytes"]


def digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Streams(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.environment = {**os.environ, "GENOS_ICE_SERVERS": "none",
                            "GENOS_SIGNALING": f"ws://127.0.0.1:{port}"}
        self.there = os.path.join(self.folder, "there.bin")

    def noise(self, size):
        path = os.path.join(self.folder, "here.bin")
        dice = random.Random(size)
        with open(path, "wb") as file:
            for at in range(0, size, MEBI):
                file.write(dice.randbytes(min(MEBI, size - at)))
        return path

    def launch(self, *words):
        log = open(os.path.join(self.folder, f"log{len(os.listdir(self.folder))}"), "w+",
                   encoding="utf-8")
        self.addCleanup(log.close)
        process = subprocess.Popen(["gst-launch-1.0", "-q", *words], stdin=subprocess.DEVNULL,
                                   stdout=log, stderr=log, env=self.environment)
        process.log = log

        def stop():
            if process.poll() is None:
                process.kill()
            process.wait()
        self.addCleanup(stop)
        return process

    def reader(self):
        return self.launch(*STREAM, "!", "filesink", f"location={self.there}")

    def ends(self, process, code, limit):
        """What it said, and the most memory that it ever had."""
        until = time.monotonic() + limit
        while True:
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            process.log.seek(0)
            said = process.log.read()
            if pid:
                break
            self.assertLess(time.monotonic(), until, f"it goes on after {limit} s: {said}")
            time.sleep(0.05)
        process.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(process.returncode, code, said)
        return said, usage.ru_maxrss * 1024

    def comes(self, size):
        until = time.monotonic() + 60
        while not os.path.exists(self.there) or os.stat(self.there).st_size < size:
            self.assertLess(time.monotonic(), until, "nothing comes")
            time.sleep(0.02)

    def test_it_arrives_whole_and_both_end(self):
        path = self.noise(SIZE)
        begun = time.monotonic()
        to = self.reader()
        of = self.launch("filesrc", f"location={path}", "!", *STREAM)
        memory = {"writer": self.ends(of, 0, 900)[1], "reader": self.ends(to, 0, 20)[1]}
        took = time.monotonic() - begun
        print(f"# {SIZE / MEBI:.0f} MiB in {took:.1f} s, memory at most",
              ", ".join(f"{who} {size / MEBI:.0f} MiB" for who, size in memory.items()), flush=True)
        self.assertEqual(digest(self.there), digest(path))
        self.assertLess(max(memory.values()), MEMORY)

    def test_a_killed_reader_is_an_error_at_the_writer(self):
        to, of = self.reader(), self.launch("filesrc", "location=/dev/zero", "!", *STREAM)
        self.comes(4 * MEBI)
        to.kill()
        self.assertIn("everybody who was being sent to has left", self.ends(of, 1, 60)[0])

    def test_a_killed_writer_is_an_error_at_the_reader(self):
        to, of = self.reader(), self.launch("filesrc", "location=/dev/zero", "!", *STREAM)
        self.comes(4 * MEBI)
        of.kill()
        self.assertIn("what came is not complete", self.ends(to, 1, 60)[0])


if __name__ == "__main__":
    tap.main()
