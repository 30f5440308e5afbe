#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The lines of the README, as they are printed there: typed_lines_test.py ROOT. TAP.

With the default relay and the default room, and a screen that only Xvfb knows."""
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import tap

LIMIT = 20  # seconds, for what should take one or two
with open(os.path.join(sys.argv.pop(1), "README.md"), encoding="utf-8") as readme:
    PRINTED = [line.strip() for line in readme if line.startswith("    ")]


class TypedLines(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.environment = {**os.environ, "HOME": self.folder, "XDG_RUNTIME_DIR": self.folder}
        for name in ("WAYLAND_DISPLAY", "GENOS_SIGNALING", "GENOS_ICE_SERVERS"):
            self.environment.pop(name, None)
        os.mkdir(self.path("Downloads"))

    def type(self, begins, stdin=subprocess.PIPE, **environment):
        """Starts the one line that begins so, without what its comment says."""
        (line,) = [line for line in PRINTED if line.startswith(begins)]
        return self.start(line, stdin, **environment)

    def start(self, line, stdin=subprocess.PIPE, **environment):
        process = subprocess.Popen(["bash", "-c", f"exec {line}"], cwd=self.folder, stdin=stdin,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                   env={**self.environment, **environment})
        self.addCleanup(self.kill, process)
        return process

    @staticmethod
    def kill(process):
        process.kill()
        process.communicate()

    def until(self, is_so, what):
        ends = time.monotonic() + LIMIT
        while not is_so():
            self.assertLess(time.monotonic(), ends, what)
            time.sleep(0.1)

    def path(self, name):
        return os.path.join(self.folder, name)

    def screen(self):
        """A display of its own, as its number. It would refuse others while its last client goes."""
        theirs, ours = os.pipe()
        server = subprocess.Popen(["Xvfb", "-displayfd", str(ours), "-screen", "0", "1600x900x24", "-nolisten", "tcp",
                                   "-noreset"],
                                  pass_fds=[ours], stderr=subprocess.DEVNULL, stdout=subprocess.PIPE)
        self.addCleanup(self.kill, server)
        os.close(ours)
        with os.fdopen(theirs) as numbers:
            return ":" + numbers.readline().strip()

    def test_pictures_are_seen_and_recorded(self):
        self.environment["DISPLAY"] = self.screen()
        self.type("gst-launch-1.0 videotestsrc")
        log = self.path("log")
        self.type("gst-launch-1.0 genosroomsrc", GST_DEBUG="basesink:5", GST_DEBUG_FILE=log)

        def shown():
            with open(log, encoding="utf-8", errors="replace") as file:
                return sum("rendering object" in line for line in file)
        self.until(lambda: os.path.exists(log) and shown() > 50, "no pictures")
        for line in ("genos record", "gst-launch-1.0 -e"):
            self.assertIn("av1", self.recorded(line))

    def recorded(self, begins):
        """The codecs of what this line has written when it ended well."""
        path = self.path("a.webm")
        record = self.type(begins)
        self.until(lambda: os.path.exists(path) and os.path.getsize(path) > 20_000, f"{begins}: nothing was recorded")
        record.send_signal(signal.SIGINT)
        self.assertEqual(record.wait(LIMIT), 0, begins)
        probe = subprocess.run(["ffprobe", "-v", "error", "-show_entries", "stream=codec_name:format=duration", "-of",
                                "csv=p=0", path], capture_output=True, text=True, check=True)
        self.assertEqual(probe.stderr, "", begins)
        self.assertNotIn("N/A", probe.stdout, begins)
        os.remove(path)
        return probe.stdout

    def test_a_window(self):
        self.environment["DISPLAY"] = self.screen()
        self.type("genos broadcast")
        watch = self.start("genos watch --room demo")

        def windows():
            return subprocess.run(["xwininfo", "-root", "-tree"], env=self.environment, check=True,
                                  capture_output=True, text=True).stdout
        self.until(lambda: "1280x720" in windows(), "no window")
        watch.send_signal(signal.SIGINT)
        self.assertEqual(watch.wait(LIMIT), 130)
        self.assertNotIn("1280x720", windows())

    def test_a_pipeline_for_data(self):
        one, two = [self.type("gst-launch-1.0 fdsrc") for _ in range(2)]
        for process in (one, two):
            os.set_blocking(process.stdout.fileno(), False)
        heard = {one: b"", two: b""}

        def hears():
            for process, other in ((one, two), (two, one)):
                other.stdin.write(b"hello\n")
                other.stdin.flush()
                heard[process] += process.stdout.read() or b""
            return all(b"hello\n" in said for said in heard.values())
        self.until(hears, "nothing was heard")

    def test_a_file(self):
        content = os.urandom(3_000_000)
        with open(self.path("film.mkv"), "wb") as film:
            film.write(content)
        ours, theirs = os.openpty()  # it asks a person
        self.addCleanup(os.close, ours)
        receive = self.type("genos receive", stdin=theirs)
        os.close(theirs)
        os.write(ours, b"y\n")
        send = self.type("genos send")
        self.until(lambda: os.path.exists(self.path("Downloads/film.mkv")), "no file came")
        with open(self.path("Downloads/film.mkv"), "rb") as film:
            self.assertEqual(film.read(), content)
        self.assertEqual(send.wait(LIMIT), 0)


if __name__ == "__main__":
    tap.main()
