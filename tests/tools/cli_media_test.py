#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""`genos broadcast`, `watch`, `record`, `streams`, between processes: cli_media_test.py GENOS. TAP."""
import glob
import json
import os
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import tap
from media_tool import (CUES, GENOS, INTERRUPTED, LIMIT, NOBODY, OK, SLOW_CAMERA, SMALL, USAGE, Media,
                        complaints, packets, sought)


class Streams(Media):
    def test_who_shows_what(self):
        self.broadcast("--name", "Ann", "--title", "front door\n\x1b[31m")
        listing = self.start("streams", "--watch")
        told = self.wait_for(listing, "stream-add")[-1]
        self.assertEqual((told["name"], told["title"]), ("Ann", "front door\n\x1b[31m"))
        self.assertEqual((told["video"], told["audio"]), ("AV1", "OPUS"))
        self.assertEqual(json.loads(told["meta"])["title"], told["title"])
        self.end(listing, INTERRUPTED)

    def test_who_lists_is_no_viewer(self):
        shown = self.broadcast()
        self.wait_for(self.start("streams", "--watch"), "stream-add")
        watching = "0123456789abcdefghij"
        self.start("watch", "--stats", "--self-id", watching)
        self.assertEqual(self.wait_for(shown, "viewer-added")[-1]["id"], watching)

    def test_the_end_of_a_stream(self):
        shown = self.broadcast()
        listing = self.start("streams", "--watch")
        self.wait_for(listing, "stream-add")
        self.end(shown, INTERRUPTED)
        self.wait_for(listing, "stream-remove")

    def test_for_people_nothing_steers_the_terminal(self):
        self.broadcast("--title", "a\x1b[31mb")
        run = subprocess.run([GENOS, "streams", "--room", "r"], capture_output=True, text=True,
                             check=False, timeout=LIMIT, env=self.environment)
        self.assertEqual(run.returncode, OK, run.stderr)
        self.assertIn("a\\u001b[31mb", run.stdout)

    def test_nobody(self):
        self.assertEqual(self.run_tool("streams", "--timeout", "1").returncode, NOBODY)


class Broadcast(Media):
    def test_viewers_come_and_go(self):
        shown = self.broadcast()
        viewer = self.start("watch", "--stats")
        come = self.wait_for(shown, "viewer-added")[-1]
        self.assertEqual(come["viewers"], 1)
        self.end(viewer, INTERRUPTED)
        gone = self.wait_for(shown, "viewer-removed")[-1]
        self.assertEqual((gone["id"], gone["viewers"]), (come["id"], 0))

    def test_figures_of_what_is_watched(self):
        self.broadcast("--name", "Ann")
        viewer = self.start("watch", "--stats")
        # Of the second second on: the first is not whole.
        figures = {}
        for line in self.wait_for(viewer, "stats", 8):
            if line["event"] != "stats":
                continue
            figures[line["encoding"]] = line
        self.assertEqual(figures["AV1"]["size"], "320x180")
        self.assertGreater(figures["AV1"]["frames-per-second"], 5)
        self.assertGreater(figures["AV1"]["kbit-per-second"], 0)
        self.assertEqual(figures["OPUS"]["name"], "Ann")

    def test_those_that_are_named_are_watched(self):
        self.broadcast("--name", "Ann")
        bob = self.broadcast("--name", "Bob", "--silent")
        listing = self.start("streams", "--watch")
        ids = {line["name"]: line["peer"] for line in self.wait_for(listing, "stream-add", 2)}
        viewer = self.start("watch", "--from", ids["Bob"])
        told = self.wait_for(viewer, "watching")[-1]
        self.assertEqual((told["name"], told["peer"], told["what"]), ("Bob", ids["Bob"], "picture"))
        self.end(bob, INTERRUPTED)
        gone = self.wait_for(viewer, "watched")
        self.assertEqual([(line["event"], line["name"]) for line in gone], [("watched", "Bob")])
        self.assertEqual(self.end(viewer, INTERRUPTED), [])

    def test_a_film_whose_server_does_not_answer(self):
        run = self.run_tool("broadcast", "--file", "http://127.0.0.1:1/f.mp4")
        self.assertEqual(run.returncode, 1)
        self.assertIn("'http://127.0.0.1:1/f.mp4' cannot be read: Could not connect", run.stderr)

    def test_a_file_again_and_again(self):
        subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i",
                        "testsrc2=size=320x180:rate=30:duration=2", "-f", "lavfi", "-i",
                        "sine=duration=2", "-c:v", "libx264", "-c:a", "aac", self.path("f.mp4")],
                       check=True, timeout=LIMIT)
        self.broadcast("--file", self.path("f.mp4"))
        run = self.run_tool("record", "--out", self.path("a.webm"), "--for", "6")
        self.assertEqual(run.returncode, OK, run.stderr)
        times = packets(self.path("a.webm"))
        for each in times.values():
            self.assertGreater(max(each), 4.5)
        self.assertEqual(complaints(self.path("a.webm")), "")

    def test_a_file_in_rounds_ends_when_told(self):
        subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i",
                        "testsrc2=size=320x180:rate=30:duration=2", "-f", "lavfi", "-i",
                        "sine=duration=2", "-c:v", "libx264", "-c:a", "aac", self.path("f.mp4")],
                       check=True, timeout=LIMIT)
        subprocess.run(["ffmpeg", "-v", "error", "-i", self.path("f.mp4"), "-c", "copy", self.path("f.mkv")],
                       check=True, timeout=LIMIT)
        for name in ("f.mp4", "f.mkv"):
            process = self.start("broadcast", *SMALL, "--file", self.path(name))
            listing = self.start("streams", "--watch")
            self.wait_for(listing, "stream-add")
            time.sleep(3)  # in the second round
            self.end(process, INTERRUPTED)
            self.end(listing, INTERRUPTED)
            run = self.run_tool("broadcast", *SMALL, "--file", self.path(name), "--timeout", "3")
            self.assertEqual(run.returncode, OK, run.stderr)

    def test_a_line_that_ends_at_once_ends_well(self):
        """gst-launch-1.0 ends GStreamer then, while the certificate is still being made."""
        for words in (["num-buffers=1", "!", "genosroomsink", "ice-servers=none", "room=demo"],
                      ["is-live=true", "!", "genosroomsink"]):
            for _ in range(6):
                run = subprocess.run(["gst-launch-1.0", "videotestsrc", *words], capture_output=True, text=True,
                                     timeout=LIMIT, check=False, env=self.environment)
                self.assertEqual(run.returncode, 0 if words[-1] == "room=demo" else 255, run.stderr)
                self.assertNotIn("CRITICAL", run.stderr)

    def test_who_is_alone_is_told_why(self):
        run = subprocess.run(["timeout", "-s", "INT", "8", "gst-launch-1.0", "-e", "videotestsrc", "is-live=true", "!",
                              "genosroomsink", "room=nobody-else", "ice-servers=none"], capture_output=True,
                             text=True, timeout=LIMIT, check=False, env=self.environment)
        self.assertIn("nobody in 'nobody-else' on", run.stdout + run.stderr)

    @unittest.skipIf(glob.glob("/dev/video*"), "this machine has a camera")
    def test_where_there_is_no_camera(self):
        run = self.run_tool("broadcast", "--camera")
        self.assertEqual(run.returncode, 1)
        self.assertIn("no camera can be used", run.stderr)

    @unittest.skipIf(glob.glob("/dev/snd/pcm*c"), "this machine has a microphone")
    def test_where_there_is_no_microphone(self):
        run = self.run_tool("broadcast", "--microphone")
        self.assertEqual(run.returncode, 1)
        self.assertIn("no microphone can be used", run.stderr)

    def test_a_file_once(self):
        subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i",
                        "testsrc2=size=320x180:rate=30:duration=2", self.path("f.mp4")],
                       check=True, timeout=LIMIT)
        run = self.run_tool("broadcast", "--file", self.path("f.mp4"), "--once")
        self.assertEqual(run.returncode, OK, run.stderr)
        self.assertNotIn("linking", run.stderr)  # its line has a way for sound too

    def test_a_line_of_ones_own(self):
        self.start("broadcast", *SMALL, "--", "videotestsrc", "is-live=true", "!", "room.",
                   "audiotestsrc", "is-live=true", "!", "room.")
        listing = self.start("streams", "--watch")
        told = self.wait_for(listing, "stream-add")[-1]
        self.assertEqual((told["video"], told["audio"]), ("AV1", "OPUS"))

    def test_what_cannot_be(self):
        for words, said in ((["--file", "/there/is/none"], "there is no file"),
                            (["--camera", "--screen"], "not several"),
                            (["--file", "a.mp4", "--microphone"], "own sound"),
                            (["--once"], "is for --file"),
                            (["--ladder", "700q"], "700q"), (["--sound", "aac:64k"], "no browser takes audio/mpeg"),
                            (["--max-viewers", "-1"], "--max-viewers"),
                            (["--", "nosuchelement", "!", "room."], "nosuchelement")):
            run = self.run_tool("broadcast", *words)
            self.assertEqual(run.returncode, USAGE, (words, run.stderr))
            self.assertIn(said, run.stderr)


class Record(Media):
    def record(self, *words):
        return self.start("record", *words)

    def check(self, path, seconds, codecs=("av1", "opus")):
        times = packets(path)
        self.assertEqual(sorted(times), sorted(codecs))
        for each in times.values():
            self.assertAlmostEqual(max(each) - min(each), seconds, delta=1)
            self.assertLess(min(each), 0.5)
        self.assertEqual(complaints(path), "")
        self.assertEqual(sought(path, seconds / 2), "")
        return times

    def test_so_long_and_then_it_can_be_sought_in(self):
        self.broadcast("--name", "Ann")
        run = self.run_tool("record", "--out", self.path("a.webm"), "--for", "4s")
        self.assertEqual(run.returncode, OK, run.stderr)
        self.check(self.path("a.webm"), 4)
        with open(self.path("a.webm"), "rb") as file:
            self.assertIn(CUES, file.read())
        last = json.loads(run.stdout.splitlines()[-1])
        self.assertEqual((last["event"], last["path"]), ("written", self.path("a.webm")))

    def test_one_half_of_it(self):
        self.broadcast()
        for media, codec in (("video", "av1"), ("audio", "opus")):
            path = self.path(media + ".webm")
            run = self.run_tool("record", "--out", path, "--for", "2", "--media", media)
            self.assertEqual(run.returncode, OK, run.stderr)
            self.assertEqual(list(packets(path)), [codec])

    def test_ctrl_c_ends_it_well(self):
        self.broadcast()
        recording = self.record("--out", self.path("a.webm"))
        self.wait_for(recording, "recording")
        time.sleep(3)  # what is to be recorded
        self.end(recording, OK)
        self.check(self.path("a.webm"), 3)

    def test_killed_it_can_be_played_up_to_there(self):
        self.broadcast()
        recording = self.record("--out", self.path("a.webm"))
        self.wait_for(recording, "recording")
        time.sleep(4)  # what is to be recorded
        recording.kill()
        recording.wait()
        times = packets(self.path("a.webm"))
        self.assertGreater(max(times["av1"]), 2)
        self.assertGreater(max(times["opus"]), 2)

    def test_each_peer_has_its_file(self):
        self.broadcast("--name", "Ann")
        self.broadcast("--name", "Bob/../x", "--silent")
        os.mkdir(self.path("all"))
        recording = self.record("--out", self.path("all"))
        self.wait_for(recording, "recording", 2)
        time.sleep(2)  # what is to be recorded
        self.end(recording, OK)
        self.assertEqual(sorted(os.listdir(self.path("all"))), ["Ann.webm", "Bob----x.webm"])
        self.check(self.path("all/Ann.webm"), 2)
        self.check(self.path("all/Bob----x.webm"), 2, ["av1"])

    def test_those_that_are_named_are_recorded(self):
        for name in ("Ann", "Bob", "Eve"):
            self.broadcast("--name", name, "--silent")
        listing = self.start("streams", "--watch")
        ids = {line["name"]: line["peer"] for line in self.wait_for(listing, "stream-add", 3)}
        os.mkdir(self.path("some"))
        recording = self.record("--out", self.path("some"), "--from", f"{ids['Ann']},{ids['Eve']}")
        self.wait_for(recording, "recording", 2)
        time.sleep(2)  # what is to be recorded
        self.end(recording, OK)
        self.assertEqual(sorted(os.listdir(self.path("some"))), ["Ann.webm", "Eve.webm"])

    def test_streams_that_are_named_are_recorded(self):
        camera = "0123456789abcdefghij"
        self.broadcast("--name", "Ann", "--title", "camera", "--silent", "--self-id", camera)
        for name in ("Ann", "Bob"):
            self.broadcast("--name", name, "--title", "slides", "--silent")
        os.mkdir(self.path("some"))
        recording = self.record("--out", self.path("some"), "--streams", "slides,screen")
        viewer = self.start("watch", "--streams", "camera")
        self.assertNotIn(camera, [line["peer"] for line in self.wait_for(recording, "recording", 2)])
        self.assertEqual(self.wait_for(viewer, "watching")[-1]["peer"], camera)
        time.sleep(2)  # what is to be recorded
        self.end(recording, OK)
        self.assertEqual(sorted(os.listdir(self.path("some"))), ["Ann.webm", "Bob.webm"])
        self.assertNotIn("watching", [line["event"] for line in self.end(viewer, INTERRUPTED)])

    def test_who_comes_again_has_another_file(self):
        first = self.broadcast("--name", "Ann")
        recording = self.record("--out", self.path("a.webm"))
        self.wait_for(recording, "recording")
        self.end(first, INTERRUPTED)
        self.wait_for(recording, "written")
        self.broadcast("--name", "Ann")
        self.wait_for(recording, "recording")
        self.end(recording, OK)
        for name in ("a.webm", "a-2.webm"):
            self.assertEqual(complaints(self.path(name)), "")

    def test_in_parts(self):
        self.broadcast()
        run = self.run_tool("record", "--out", self.path("a.webm"), "--for", "7", "--split", "2")
        self.assertEqual(run.returncode, OK, run.stderr)
        parts = [line["path"] for line in map(json.loads, run.stdout.splitlines())
                 if line["event"] == "written"]
        self.assertGreaterEqual(len(parts), 3)
        pictures = 0
        for part in parts:
            self.assertEqual(complaints(part), "")
            pictures += len(packets(part)["av1"])
        self.assertGreater(pictures, 0.85 * 7 * 15)  # of fifteen a second

    def test_no_part_is_begun_when_it_is_over(self):
        self.broadcast("--silent")
        run = self.run_tool("record", "--out", self.path("a.webm"), "--for", "4", "--split", "2")
        self.assertEqual(run.returncode, OK, run.stderr)
        written = [line["seconds"] for line in map(json.loads, run.stdout.splitlines())
                   if line["event"] == "written"]
        self.assertEqual(len(written), 2, written)
        self.assertAlmostEqual(sum(written), 4, delta=0.6)

    def test_a_slow_camera_is_in_step_with_its_sound(self):
        recording = self.record("--out", self.path("a.webm"), "--for", "6")
        listing = self.start("streams", "--watch")
        self.start("broadcast", *SMALL, *SLOW_CAMERA)
        told = self.wait_for(listing, "stream-add", 2)
        self.assertEqual([line.get("video") for line in told], [None, "AV1"])
        self.assertEqual(told[1]["stream"], told[0]["stream"])
        self.assertEqual(recording.wait(LIMIT), OK)
        self.assertEqual(os.listdir(self.folder), ["a.webm"])
        times = packets(self.path("a.webm"))
        self.assertEqual(sorted(times), ["av1", "opus"])
        self.assertLess(min(times["opus"]), 0.1)
        self.assertGreater(min(times["av1"]), -0.1)

    def test_no_more_files_than_allowed(self):
        recording = self.record("--out", self.path("a.webm"), "--files", "2")
        for _ in range(2):
            shown = self.broadcast("--name", "Ann")
            self.wait_for(recording, "recording")
            self.end(shown, INTERRUPTED)
        self.assertEqual(recording.wait(LIMIT), OK)
        self.assertEqual(sorted(os.listdir(self.folder)), ["a-2.webm", "a.webm"])
        for name in ("a.webm", "a-2.webm"):
            self.assertEqual(complaints(self.path(name)), "")

    def test_who_is_one_too_many_harms_nobody(self):
        self.broadcast("--name", "Ann")
        recording = self.record("--out", self.path("all/"), "--replace", "--files", "1", "--for", "6")
        self.assertEqual(recording.wait(LIMIT), USAGE)  # there is no such folder
        os.mkdir(self.path("all"))
        recording = self.record("--out", self.path("all"), "--files", "1", "--for", "6")
        self.wait_for(recording, "recording")
        self.broadcast("--name", "Bob")
        self.wait_for(recording, "full")
        self.assertEqual(recording.wait(LIMIT), OK)
        self.assertEqual(os.listdir(self.path("all")), ["Ann.webm"])
        self.check(self.path("all/Ann.webm"), 6)

    def test_h264_goes_into_matroska(self):
        self.start("broadcast", "--ladder", "180p15:200k:h264")
        run = self.run_tool("record", "--out", self.path("a.webm"), "--for", "3")
        self.assertEqual(run.returncode, OK, run.stderr)
        self.check(self.path("a.mkv"), 3, ["h264", "opus"])

    def test_nothing_is_lost(self):
        with open(self.path("a.webm"), "w", encoding="utf-8") as file:
            file.write("precious")
        run = self.run_tool("record", "--out", self.path("a.webm"))
        self.assertEqual(run.returncode, USAGE)
        self.assertIn("--replace", run.stderr)
        with open(self.path("a.webm"), encoding="utf-8") as file:
            self.assertEqual(file.read(), "precious")

    def test_what_cannot_be(self):
        for words, said in (([], "--out"), (["--out", self.path("a.mp4")], ".webm"),
                            (["--out", self.path("no/a.webm")], "no folder"),
                            (["--out", self.path("recordings")], "make it"),
                            (["--out", self.path("a.webm"), "--media", "smell"], "video or audio"),
                            (["--out", self.path("a.webm"), "--for", "soon"], "--for")):
            run = self.run_tool("record", *words)
            self.assertEqual(run.returncode, USAGE, (words, run.stderr))
            self.assertIn(said, run.stderr)

    def test_nobody(self):
        run = self.run_tool("record", "--out", self.path("a.webm"), "--timeout", "2")
        self.assertEqual(run.returncode, NOBODY, run.stderr)
        self.assertFalse(os.path.exists(self.path("a.webm")))


if __name__ == "__main__":
    tap.main()
