#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""`genos transcode --room` between processes: transcode_room_test.py GENOS. TAP."""
import json
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import tap
from media_tool import (FAILED, GENOS, INTERRUPTED, LIMIT, NOBODY, OK, SLOW_CAMERA, SMALL, USAGE, Media, complaints,
                        packets)

LADDER = ("--ladder", "180p15:200k,90p15:60k:vp8")


class TranscodeRoom(Media):
    def setUp(self):
        super().setUp()
        self.out = self.path("out")

    def made(self):
        return sorted(os.listdir(self.out)) if os.path.isdir(self.out) else []

    def transcode(self, *words):
        return self.start("transcode", "--out", self.out, *LADDER, *words)

    def until_seconds(self, job, seconds):
        """Its lines, until so much of the stream was taken."""
        lines = []
        while not lines or lines[-1]["seconds"] < seconds:
            lines += self.wait_for(job, "progress")
        return lines

    def check(self, name, size, codecs, seconds=None):
        path = os.path.join(self.out, name)
        times = packets(path)
        self.assertEqual(sorted(times), sorted(codecs))
        lengths = [max(each) - min(each) for each in times.values()]
        self.assertAlmostEqual(min(lengths), max(lengths), delta=1)
        if seconds:
            self.assertAlmostEqual(lengths[0], seconds, delta=0.7)
        self.assertEqual(complaints(path), "")
        told = subprocess.run(["ffprobe", "-v", "error", "-show_entries", "stream=width,height",
                               "-of", "csv=p=0", path], capture_output=True, text=True,
                              timeout=LIMIT, check=True).stdout
        self.assertIn(size, told)

    def check_both(self, who, *sound):
        self.assertEqual(self.made(), [f"{who}.180p15.webm", f"{who}.90p15.webm"])
        self.check(f"{who}.180p15.webm", "320,180", ["av1", *sound])
        self.check(f"{who}.90p15.webm", "160,90", ["vp8", *sound])

    def test_a_uri_whose_streams_come_one_by_one(self):
        shown = self.broadcast()
        job = subprocess.Popen([GENOS, "transcode", "genos://r/live?end-with-last=true", "--out", self.out, *LADDER,
                                "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               env=self.environment)
        self.addCleanup(job.kill)
        self.wait_for(job, "progress", 12)
        self.end(shown, INTERRUPTED)
        complained = job.communicate(timeout=LIMIT)[1]
        self.assertEqual(job.returncode, OK, complained)
        self.check_both("live", "opus")

    def test_the_end_of_the_stream_makes_the_files_whole(self):
        shown = self.broadcast("--name", "Ann B/../c")
        job = self.transcode()
        lines = self.until_seconds(job, 3)
        self.assertEqual((lines[0]["event"], lines[0]["name"]), ("transcoding", "Ann B/../c"))
        self.end(shown, INTERRUPTED)
        told, complained = job.communicate(timeout=LIMIT)
        self.assertEqual(job.returncode, OK, told + complained)
        lines += [json.loads(line) for line in told.splitlines()]
        self.assertEqual(lines[-1], {"event": "ended", "state": "done"})
        progress = [line for line in lines if line["event"] == "progress"]
        self.assertEqual(progress, sorted(progress, key=lambda line: line["seconds"]))
        self.assertGreater(progress[-1]["received"], 1000)
        self.assertNotIn("percent", progress[-1])
        self.check_both("Ann-B----c", "opus")
        self.assertEqual([line["path"] for line in lines if line["event"] == "file"],
                         [os.path.join(self.out, name) for name in self.made()])

    def test_ctrl_c_too(self):
        self.broadcast("--name", "Ann")
        job = self.transcode()
        self.until_seconds(job, 3)
        self.assertEqual(self.end(job, OK)[-1]["state"], "done")
        self.check_both("Ann", "opus")

    def test_whose_and_so_long(self):
        self.broadcast("--name", "Ann")
        self.broadcast("--name", "Bob", "--silent")
        run = self.run_tool("transcode", "--from", "Bob", "--for", "3s", "--out", self.out, *LADDER)
        self.assertEqual(run.returncode, OK, run.stdout + run.stderr)
        self.check_both("Bob")
        self.check("Bob.180p15.webm", "320,180", ["av1"], 3)

    def test_without_sound(self):
        self.broadcast("--name", "Ann")
        run = self.run_tool("transcode", "--sound", "none", "--for", "2", "--out", self.out, *LADDER)
        self.assertEqual(run.returncode, OK, run.stdout + run.stderr)
        self.check_both("Ann")

    def test_a_slow_camera_is_waited_for(self):
        job = self.transcode("--for", "5")
        self.start("broadcast", *SMALL, "--name", "Ann", *SLOW_CAMERA)
        self.assertEqual(job.wait(LIMIT), OK)
        self.assertEqual(self.made(), ["Ann.180p15.webm", "Ann.90p15.webm"])
        self.assertEqual(sorted(packets(os.path.join(self.out, "Ann.180p15.webm"))), ["av1", "opus"])

    def test_only_sound(self):
        self.start("broadcast", "--name", "Ann", "--", "audiotestsrc", "is-live=true", "!", "room.")
        run = self.run_tool("transcode", "--for", "2", "--out", self.out, *LADDER)
        self.assertEqual(run.returncode, OK, run.stdout + run.stderr)
        self.assertEqual(len(self.made()), 1, self.made())
        path = os.path.join(self.out, self.made()[0])
        self.assertEqual(list(packets(path)), ["opus"])
        self.assertEqual(complaints(path), "")

    def test_killed_it_leaves_nothing_that_looks_whole(self):
        self.broadcast("--name", "Ann")
        job = self.transcode()
        self.until_seconds(job, 2)
        job.kill()
        job.wait()
        self.assertEqual(self.made(), ["Ann.180p15.part.webm", "Ann.90p15.part.webm"])

    def test_nothing_is_replaced_untold(self):
        self.broadcast("--name", "Ann")
        os.mkdir(self.out)
        with open(os.path.join(self.out, "Ann.90p15.webm"), "w", encoding="utf-8") as file:
            file.write("mine")
        run = self.run_tool("transcode", "--for", "2", "--out", self.out, *LADDER)
        self.assertEqual(run.returncode, FAILED, run.stdout + run.stderr)
        self.assertIn("already", run.stderr)
        self.assertEqual(self.made(), ["Ann.90p15.webm"])
        self.assertEqual(os.path.getsize(os.path.join(self.out, "Ann.90p15.webm")), 4)

    def test_what_cannot_be(self):
        for words, said in ((["film.mp4", "--out", self.out], "no file"),
                            (["--queue", "--out", self.out], "queue"),
                            (["--limit", "1", "--out", self.out], "queue"),
                            (["--out", self.out, "--for", "soon"], "--for"), ([], "--out")):
            run = self.run_tool("transcode", *words)
            self.assertEqual(run.returncode, USAGE, (words, run.stderr))
            self.assertIn(said, run.stderr)
        self.broadcast()
        run = self.run_tool("transcode", "--out", self.out, "--ladder", "700q")
        self.assertEqual(run.returncode, USAGE)
        self.assertIn("700q", run.stderr)
        self.assertEqual(self.made(), [])

    def test_nobody(self):
        self.broadcast("--name", "Ann")
        began = time.monotonic()
        run = self.run_tool("transcode", "--from", "Bob", "--timeout", "3", "--out", self.out)
        self.assertEqual(run.returncode, NOBODY, run.stderr)
        self.assertGreater(time.monotonic() - began, 2.5)
        self.assertEqual(self.made(), [])


if __name__ == "__main__":
    tap.main()
