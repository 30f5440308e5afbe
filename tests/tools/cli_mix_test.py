#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""`genos record --mix` between processes: cli_mix_test.py GENOS. TAP."""
import json
import os
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import tap
from media_tool import (CUES, INTERRUPTED, LIMIT, NOBODY, OK, SMALL, USAGE, Media, complaints,
                        packets, sought)

MOST_PICTURES = 16
SOUND = ("audiotestsrc", "is-live=true", "!", "room.")
GRID = (64, 36)  # what is looked at of a picture


def colour(red, green, blue):
    """Of a pixel: which of those that are shown here."""
    if max(red, green, blue) < 60:
        return "-"
    return "rgb"[(red, green, blue).index(max(red, green, blue))]


def looks(path):
    """What is seen at the left, in the middle and at the right, of each picture in turn."""
    width, height = GRID
    raw = subprocess.run(["ffmpeg", "-v", "error", "-i", path, "-fps_mode", "passthrough", "-vf",
                          f"scale={width}:{height}", "-pix_fmt", "rgb24", "-f", "rawvideo", "-"],
                         capture_output=True, timeout=LIMIT, check=True).stdout
    size = width * height * 3
    seen = []
    for at in range(0, len(raw), size):
        row = at + height // 2 * width * 3
        look = "".join(colour(*raw[row + x * 3:row + x * 3 + 3])
                       for x in (width // 4, width // 2 - 2, width * 3 // 4))
        if not seen or seen[-1] != look:
            seen.append(look)
    return seen


def loudness(path):
    told = subprocess.run(["ffmpeg", "-i", path, "-af", "volumedetect", "-vn", "-f", "null", "-"],
                          capture_output=True, text=True, timeout=LIMIT, check=True).stderr
    return float(re.search(r"mean_volume: (\S+) dB", told).group(1))


class Mix(Media):
    def show(self, pattern, *more):
        return self.start("broadcast", *SMALL, "--name", pattern, "--", "videotestsrc",
                          "is-live=true", f"pattern={pattern}", "!",
                          "video/x-raw,width=320,height=180", "!", "room.", *more)

    def record(self, *words):
        return self.start("record", "--mix", "--out", self.path("a.webm"), "--size", "640x360", *words)

    def wait_until(self, recording, **counts):
        """Its lines, up to the one that says so many."""
        lines = []
        while True:
            lines += self.wait_for(recording, "mixing")
            if all(lines[-1][what] == count for what, count in counts.items()):
                return lines

    def check(self, seconds=None):
        """One file with one picture and one sound, as long as each other."""
        self.assertEqual([name for name in os.listdir(self.folder) if name.startswith("a")],
                         ["a.webm"])
        times = packets(self.path("a.webm"))
        self.assertEqual(sorted(times), ["av1", "opus"])
        lengths = [max(each) - min(each) for each in times.values()]
        self.assertAlmostEqual(*lengths, delta=1)
        if seconds:
            self.assertAlmostEqual(lengths[0], seconds, delta=1)
        for each in times.values():
            self.assertLess(min(each), 0.5)
        self.assertEqual(complaints(self.path("a.webm")), "")
        self.assertEqual(sought(self.path("a.webm"), lengths[0] / 2), "")

    def test_side_by_side_for_so_long(self):
        self.show("red", *SOUND)
        self.show("blue")
        run = self.run_tool("record", "--mix", "--out", self.path("a.webm"), "--for", "8")
        self.assertEqual(run.returncode, OK, run.stderr)
        self.check(8)
        self.assertIn(looks(self.path("a.webm"))[-1], ("rrb", "bbr"))
        self.assertGreater(loudness(self.path("a.webm")), -40)
        told = subprocess.run(["ffprobe", "-v", "error", "-show_entries", "stream=width,height",
                               "-of", "csv=p=0", self.path("a.webm")], capture_output=True,
                              text=True, timeout=LIMIT, check=True).stdout
        self.assertIn("1280,720", told)
        with open(self.path("a.webm"), "rb") as file:
            self.assertIn(CUES, file.read())
        last = json.loads(run.stdout.splitlines()[-1])
        self.assertEqual((last["event"], last["path"]), ("written", self.path("a.webm")))

    def test_the_grid_follows_who_is_there_and_the_file_goes_on(self):
        recording = self.record()
        red = self.show("red", *SOUND)
        self.wait_for(recording, "recording")
        blue = self.show("blue")
        self.wait_until(recording, pictures=2)
        time.sleep(1)  # what is to be recorded
        self.end(red, INTERRUPTED)
        self.wait_until(recording, pictures=1, sounds=0)
        time.sleep(1)  # what is to be recorded
        self.end(blue, INTERRUPTED)
        self.wait_until(recording, pictures=0)
        time.sleep(2)  # nobody shows anything
        self.show("green")
        self.wait_until(recording, pictures=1)
        time.sleep(2)  # what is to be recorded
        self.end(recording, OK)
        self.check()
        course = "".join(f"{look} " for look in looks(self.path("a.webm")))
        self.assertRegex(course, "rrr .*(rrb|bbr) .*bbb .*--- .*ggg ")

    def test_in_parts(self):
        self.show("red", *SOUND)
        run = self.run_tool("record", "--mix", "--out", self.path("a.webm"), "--for", "8", "--split", "2")
        self.assertEqual(run.returncode, OK, run.stderr)
        parts = [line["path"] for line in map(json.loads, run.stdout.splitlines())
                 if line["event"] == "written"]
        self.assertGreaterEqual(len(parts), 3)
        length = {"av1": 0, "opus": 0}
        for part in parts:
            self.assertEqual(complaints(part), "")
            self.assertEqual(looks(part)[-1], "rrr")
            times = packets(part)
            self.assertEqual(set(times), set(length))
            for name, each in times.items():
                self.assertLess(min(each), 0.1)
                length[name] += max(each) - min(each)
        for whole in length.values():
            self.assertAlmostEqual(whole, 8, delta=1)

    def test_only_sound(self):
        self.start("broadcast", "--", *SOUND)
        recording = self.record()
        self.wait_for(recording, "recording")
        time.sleep(3)  # what is to be recorded
        self.end(recording, OK)
        self.check(3)
        self.assertEqual(looks(self.path("a.webm")), ["---"])
        self.assertGreater(loudness(self.path("a.webm")), -40)

    def test_only_a_picture(self):
        self.show("red")
        recording = self.record()
        self.wait_for(recording, "recording")
        time.sleep(3)  # what is to be recorded
        self.end(recording, OK)
        self.check(3)
        self.assertEqual(looks(self.path("a.webm"))[-1], "rrr")
        self.assertLess(loudness(self.path("a.webm")), -80)

    def test_killed_it_can_be_played_up_to_there(self):
        self.show("red", *SOUND)
        recording = self.record()
        self.wait_for(recording, "recording")
        time.sleep(4)  # what is to be recorded
        recording.kill()
        recording.wait()
        times = packets(self.path("a.webm"))
        self.assertGreater(max(times["av1"]), 2)
        self.assertGreater(max(times["opus"]), 2)

    def test_who_comes_to_a_full_room_is_told_of(self):
        line = []
        for number in range(MOST_PICTURES + 1):
            line += ["videotestsrc", "is-live=true", "!",
                     "video/x-raw,width=64,height=36,framerate=5/1", "!", f"room.video_{number}"]
        recording = self.record()
        self.start("broadcast", "--ladder", "36p5:30k:vp8", "--name", "Ann", "--", *line)
        lines = self.wait_for(recording, "left-out")
        told = lines[-1]
        self.assertEqual((told["name"], told["what"]), ("Ann", "picture"))
        if MOST_PICTURES not in [line.get("pictures") for line in lines]:
            lines += self.wait_until(recording, pictures=MOST_PICTURES)
        if "recording" not in [line["event"] for line in lines]:
            lines += self.wait_for(recording, "recording")
        time.sleep(2)  # what is to be recorded
        lines += self.end(recording, OK)
        self.assertEqual(max(line.get("pictures", 0) for line in lines), MOST_PICTURES)

    def test_in_a_folder_it_is_called_as_the_room(self):
        self.show("red")
        os.mkdir(self.path("all"))
        run = self.run_tool("record", "--mix", "--out", self.path("all"), "--for", "1")
        self.assertEqual(run.returncode, OK, run.stderr)
        self.assertEqual(os.listdir(self.path("all")), ["r.webm"])

    def test_nothing_is_lost(self):
        with open(self.path("a.webm"), "w", encoding="utf-8") as file:
            file.write("precious")
        run = self.run_tool("record", "--mix", "--out", self.path("a.webm"))
        self.assertEqual(run.returncode, USAGE)
        self.assertIn("--replace", run.stderr)
        with open(self.path("a.webm"), encoding="utf-8") as file:
            self.assertEqual(file.read(), "precious")

    def test_what_cannot_be(self):
        for words in (["--size", "640x360"], ["--mix", "--size", "640"],
                      ["--mix", "--size", "640x361"], ["--mix", "--size", "9999x360"],
                      ["--mix", "--size", "640x360x2"], ["--mix", "--size", ""]):
            run = self.run_tool("record", "--out", self.path("a.webm"), *words)
            self.assertEqual(run.returncode, USAGE, (words, run.stderr))
            self.assertIn("--size", run.stderr)

    def test_nobody(self):
        run = self.run_tool("record", "--mix", "--out", self.path("a.webm"), "--timeout", "2")
        self.assertEqual(run.returncode, NOBODY, run.stderr)
        self.assertFalse(os.path.exists(self.path("a.webm")))


if __name__ == "__main__":
    tap.main()
