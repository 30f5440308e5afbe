#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""`genos transcode` as people and scripts use it: transcode_test.py GENOS. TAP."""
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import tap

GENOS = os.path.abspath(sys.argv[1])
del sys.argv[1]
LIMIT = 60


def film(path, seconds=3, size="320x180"):
    made = subprocess.run(
        ["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i",
         f"testsrc2=size={size}:rate=30:duration={seconds}", "-f", "lavfi", "-i",
         f"sine=duration={seconds}", "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac", path],
        capture_output=True, text=True, timeout=LIMIT, check=False)
    assert made.returncode == 0, made.stderr


def seconds_in(path):
    """How long it is, of a file that decodes without a complaint."""
    told = subprocess.run(["ffmpeg", "-v", "error", "-i", path, "-f", "null", "-"],
                          capture_output=True, text=True, timeout=LIMIT, check=False)
    assert told.stderr == "", told.stderr
    told = subprocess.run(["ffprobe", "-v", "error", "-show_entries", "format=duration", "-of",
                           "csv=p=0", path], capture_output=True, text=True, timeout=LIMIT,
                          check=True)
    return float(told.stdout)


class Transcode(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.film = self.path("film.mp4")
        self.out = self.path("out")
        os.environ["XDG_STATE_HOME"] = self.path("state")

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def made(self):
        return sorted(os.listdir(self.out)) if os.path.isdir(self.out) else []

    def run_tool(self, *words, **more):
        return subprocess.run([GENOS, "transcode", *words], capture_output=True, timeout=LIMIT,
                              text="input" not in more, check=False, **more)

    def start(self, *words):
        tool = subprocess.Popen([GENOS, "transcode", *words, "--out", self.out, "--json"], stdout=subprocess.PIPE,
                                text=True)
        for clean in (tool.stdout.close, tool.wait, tool.kill):
            self.addCleanup(clean)
        return tool

    def begin_long_one(self):
        """One that takes a while, when its files are begun."""
        film(self.film, 60, "1280x720")
        tool = self.start(self.film, "--ladder", "720p,360p")
        for line in tool.stdout:
            if json.loads(line).get("percent", 0) > 3:
                return tool
        self.fail("it ended before it was broken off")

    def test_a_file_for_each_rung(self):
        film(self.film)
        told = self.run_tool(self.film, "--ladder", "180p30:300k,90p15:100k", "--out", self.out)
        self.assertEqual(told.returncode, 0, told.stderr)
        self.assertEqual(self.made(), ["film.180p30.webm", "film.90p15.webm"])
        self.assertEqual(told.stdout.split(), [self.path("out", name) for name in self.made()])
        for name in self.made():
            self.assertAlmostEqual(seconds_in(self.path("out", name)), 3, delta=0.2)

    def test_one_that_was_cut_off_is_made_and_it_is_said(self):
        film(self.path("film.mkv"), 6)
        os.truncate(self.path("film.mkv"), os.path.getsize(self.path("film.mkv")) // 2)
        told = self.run_tool(self.path("film.mkv"), "--ladder", "90p:vp8", "--out", self.out, "--json")
        self.assertEqual(told.returncode, 0, told.stderr)
        said = r"ended after [23]\.\d s of 6\.\d s: it may be cut off or damaged"
        self.assertRegex(told.stderr, said)
        end = json.loads(told.stdout.splitlines()[-1])
        self.assertEqual(end["state"], "done")
        self.assertRegex(end["reason"], said)
        self.assertAlmostEqual(seconds_in(self.path("out", "film.90p.webm")), 3, delta=0.7)

    def test_of_a_short_one_it_is_said_and_not_of_slides(self):
        film(self.path("film.mkv"), 3)
        os.truncate(self.path("film.mkv"), os.path.getsize(self.path("film.mkv")) // 2)
        slides = [self.path(name) for name in ("one.mp4", "two.webm", "three.ts")]
        for path in slides:
            self.ffmpeg("-f", "lavfi", "-i", "testsrc2=size=160x90:rate=0.5:duration=8", path)
        told = self.run_tool(self.path("film.mkv"), *slides, "--ladder", "90p:vp8,45p:vp8", "--replace", "--out", self.out)
        self.assertEqual(told.returncode, 0)
        self.assertRegex(told.stderr, r"^genos: \S*film.mkv: ended after 1\.\d s of 3\.\d s: it may be cut off or damaged\n$")

    def test_figures_for_scripts(self):
        film(self.film)
        told = self.run_tool(self.film, "--ladder", "180p:vp8", "--out", self.out, "--json")
        lines = [json.loads(line) for line in told.stdout.splitlines()]
        percents = [line["percent"] for line in lines if "percent" in line]
        self.assertEqual(percents, sorted(percents))
        self.assertEqual(percents[-1], 100)
        self.assertEqual(lines[-1]["event"], "ended")
        self.assertEqual(lines[-1]["state"], "done")
        self.assertGreater(lines[-1]["speed"], 0)
        self.assertEqual([line["speed"] for line in lines if "percent" in line][-1], lines[-1]["speed"])
        self.assertIn({"event": "file", "id": "1", "path": self.path("out", "film.180p.webm")}, lines)

    def test_standard_input_and_uris(self):
        film(self.path("film.mkv"))
        with open(self.path("film.mkv"), "rb") as file:
            told = self.run_tool("-", "--ladder", "90p:vp8", "--out", self.out, input=file.read())
        self.assertEqual(told.returncode, 0, told.stderr)
        told = self.run_tool("file://" + self.path("film.mkv"), "--ladder", "90p:vp8", "--sound",
                             "none", "--out", self.out)
        self.assertEqual(told.returncode, 0, told.stderr)
        self.assertEqual(self.made(), ["film.90p.webm", "stdin.90p.webm"])

    def test_a_track_that_begins_late(self):
        film(self.path("early.mp4"), 20)
        made = subprocess.run(
            ["ffmpeg", "-v", "error", "-y", "-i", self.path("early.mp4"), "-itsoffset", "12", "-i",
             self.path("early.mp4"), "-map", "0:v", "-map", "1:a", "-c", "copy", self.film],
            capture_output=True, text=True, timeout=LIMIT, check=False)
        self.assertEqual(made.returncode, 0, made.stderr)
        told = self.run_tool(self.film, "--ladder", "180p:vp8", "--out", self.out)
        self.assertEqual(told.returncode, 0, told.stderr)
        self.assertGreater(seconds_in(self.path("out", "film.180p.webm")), 19)

    def test_what_has_no_steady_rate_can_be_sought_in(self):
        film(self.film, 6)
        source = self.path("slides.mp4")
        subprocess.run(["ffmpeg", "-v", "error", "-i", self.film, "-vf", "select='if(lt(t,3),1,not(mod(n,7)))'",
                        "-fps_mode", "vfr", "-c:v", "libx264", "-preset", "ultrafast", source],
                       timeout=LIMIT, check=True)
        told = self.run_tool(source, "--ladder", "180p30:300k,90p15:100k:vp8", "--out", self.out)
        self.assertEqual(told.returncode, 0, told.stderr)
        for name in self.made():
            for at in (1.5, 4.5, 5.5):
                told = subprocess.run(["ffmpeg", "-v", "error", "-ss", str(at), "-i", self.path("out", name), "-map",
                                       "0:v", "-frames:v", "1", "-f", "null", "-"], capture_output=True,
                                      text=True, timeout=LIMIT, check=False)
                self.assertEqual((told.returncode, told.stderr), (0, ""), (name, at))

    def test_of_two_sounds_the_first_is_taken(self):
        film(self.film)
        told = self.run_tool(self.film, "--ladder", "180p:vp8", "--sound", "opus:96k,opus:24k",
                             "--out", self.out)
        self.assertEqual(told.returncode, 0, told.stderr)
        self.assertIn("one sound: opus:96k is taken", told.stderr)
        self.assertAlmostEqual(seconds_in(self.path("out", "film.180p.webm")), 3, delta=0.2)

    def test_a_picture_that_changes_is_fitted_into_the_first(self):
        for sizes, made in ((("320x180", "640x360"), ["film.180p.webm"]),
                            (("640x360", "320x180", "360x640"), ["film.180p.webm", "film.360p.webm"])):
            with open(self.path("film.ts"), "wb") as file:
                for number, size in enumerate(sizes):
                    film(self.path(f"{number}.ts"), 3, size)
                    with open(self.path(f"{number}.ts"), "rb") as part:
                        file.write(part.read())
            told = self.run_tool(self.path("film.ts"), "--ladder", "360p:vp8,180p:vp8", "--out", self.out,
                                 "--replace")
            self.assertEqual((told.returncode, self.made()), (0, made), told.stderr)
            for name in made:
                whole = subprocess.run(
                    ["ffprobe", "-v", "error", "-select_streams", "v", "-show_entries",
                     "packet=pts_time:stream=width,height", "-of", "csv=p=0", self.path("out", name)],
                    capture_output=True, text=True, check=True).stdout.split()
                self.assertEqual(whole[-1].strip(","), "640,360" if "360p" in name else "320,180")
                self.assertAlmostEqual(float(whole[-2].strip(",")), 3 * len(sizes), delta=0.5)
            upright = subprocess.run(
                ["ffmpeg", "-v", "error", "-ss", str(3 * len(sizes) - 1), "-i", self.path("out", made[-1]),
                 "-frames:v", "1", "-vf", "crop=60:100:0:0", "-pix_fmt", "gray", "-f", "rawvideo", "-"],
                capture_output=True, check=True, timeout=LIMIT).stdout
            dark = max(upright) < 40
            self.assertEqual(dark, sizes[-1] == "360x640", "black beside what stands upright, nowhere else")

    def test_what_was_filmed_upright_stays_so(self):
        """The demuxer says so after it has said the size, and before the first picture."""
        film(self.path("straight.mp4"))
        self.ffmpeg("-i", self.path("straight.mp4"), "-c", "copy", "-metadata:s:v:0", "rotate=90", self.film)
        told = self.run_tool(self.film, "--ladder", "180p:vp8", "--out", self.out)
        self.assertEqual((told.returncode, told.stderr), (0, ""))
        size = subprocess.run(["ffprobe", "-v", "error", "-select_streams", "v", "-show_entries", "stream=width,height",
                               "-of", "csv=p=0", self.path("out", "film.180p.webm")], capture_output=True, text=True,
                              check=True).stdout
        self.assertEqual(size.strip(), "180,320")

    def ffmpeg(self, *words):
        subprocess.run(["ffmpeg", "-v", "error", "-y", *words], check=True, timeout=LIMIT)

    def test_what_does_not_begin_at_zero_lacks_nothing(self):
        film(self.film)
        self.ffmpeg("-i", self.film, "-c", "copy", "-output_ts_offset", "10", self.path("late.mkv"))
        told = self.run_tool(self.path("late.mkv"), "--ladder", "180p:vp8", "--out", self.out)
        self.assertEqual((told.returncode, told.stderr), (0, ""))

    def test_percents_are_of_what_is_there(self):
        """ffmpeg has the time before its beginning in a file's length, GStreamer has not."""
        film(self.film, 8, "640x360")
        self.ffmpeg("-i", self.film, "-c", "copy", "-output_ts_offset", "100", self.path("theirs.mkv"))
        subprocess.run(["gst-launch-1.0", "-q", "videotestsrc", "num-buffers=240", "timestamp-offset=100000000000", "!",
                        "video/x-raw,width=640,height=360", "!", "vp8enc", "deadline=1", "!", "matroskamux", "!",
                        "filesink", "location=" + self.path("ours.mkv")], check=True, timeout=LIMIT)
        told = self.run_tool(self.path("theirs.mkv"), self.path("ours.mkv"), "--ladder", "360p,180p", "--out", self.out,
                             "--json")
        self.assertEqual((told.returncode, told.stderr), (0, ""))
        lines = [json.loads(line) for line in told.stdout.splitlines()]
        for number in ("1", "2"):
            percents = [line["percent"] for line in lines if line["id"] == number and "percent" in line]
            self.assertEqual((percents, percents[-1]), (sorted(percents), 100))
            self.assertTrue(any(10 < percent < 100 for percent in percents), percents)

    def test_rungs_that_a_picture_is_too_small_for_are_named(self):
        film(self.path("small.mp4"), 1, "160x90")
        film(self.path("between.mp4"), 1, "426x240")
        film(self.film, 1)
        said = {"small.mp4": "nothing is enlarged: 720p30 and 360p30 are left out, 180p15 is 160x90",
                "between.mp4": "nothing is enlarged: 720p30 is left out, 360p30 is 426x240"}
        told = self.run_tool(*map(self.path, said), "--sound", "none", "--out", self.out, "--json")
        self.assertEqual(told.returncode, 0)
        lines = [json.loads(line) for line in told.stdout.splitlines()]
        reasons = [line["reason"] for line in lines if line["event"] == "ended"]
        self.assertEqual(reasons, list(said.values()))
        for name, reason in said.items():
            self.assertIn(f"{name}: {reason}\n", told.stderr)
        self.assertEqual(self.made(), ["between.180p15.webm", "between.360p30.webm", "small.180p15.webm"])
        told = self.run_tool(self.film, "--ladder", "180p:vp8,90p:vp8", "--out", self.out)
        self.assertEqual((told.returncode, told.stderr), (0, ""))

    def test_why_a_source_cannot_be_read_is_said(self):
        self.ffmpeg("-f", "lavfi", "-i", "testsrc2=size=2x2:rate=30:duration=1", "-c:v", "ffv1", self.path("tiny.mkv"))
        for source, said in (("http://127.0.0.1:1/x.mp4", "127.0.0.1: Connection refused"),
                             ("rtsp://127.0.0.1:1/x", "Failed to connect"),
                             (self.path("tiny.mkv"), "2x2")):
            told = self.run_tool(source, "--out", self.out, "--json")
            reason = json.loads(told.stdout.splitlines()[-1])["reason"]
            self.assertEqual((told.returncode, self.made()), (1, []))
            self.assertNotIn("Internal data stream error", reason)
            self.assertIn(said, reason)
            self.assertIn(reason, told.stderr)

    def test_one_picture(self):
        self.ffmpeg("-f", "lavfi", "-i", "testsrc2=size=320x180:rate=30", "-frames:v", "1", "-c:v", "libx264",
                    self.film)
        told = self.run_tool(self.film, "--ladder", "180p:vp8", "--out", self.out)
        self.assertEqual((told.returncode, told.stderr), (0, ""))
        self.assertLess(seconds_in(self.path("out", "film.180p.webm")), 0.1)

    def test_a_name_that_looks_like_a_uri(self):
        film(self.path("film: one.mp4"))
        told = self.run_tool("film: one.mp4", "--ladder", "90p:vp8", "--out", self.out, cwd=self.folder)
        self.assertEqual((told.returncode, told.stderr), (0, ""))
        self.assertEqual(self.made(), ["film: one.90p.webm"])

    def test_it_stops_in_time(self):
        film(self.film, 60, "1280x720")
        told = self.run_tool(self.film, "--ladder", "720p,360p", "--out", self.out, "--timeout", "4")
        self.assertEqual(told.returncode, 1, told.stderr)
        self.assertEqual(self.made(), ["film.360p.part.webm", "film.720p.part.webm"])
        seconds_in(self.path("out", "film.360p.part.webm"))

    def test_sound_that_changes(self):
        with open(self.path("film.ts"), "wb") as file:
            for channels, rate in (("2", "48000"), ("1", "44100")):
                subprocess.run(["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", "sine=duration=3", "-ac",
                                channels, "-ar", rate, "-c:a", "aac", self.path("part.ts")], check=True,
                               timeout=LIMIT)
                with open(self.path("part.ts"), "rb") as part:
                    file.write(part.read())
        told = self.run_tool(self.path("film.ts"), "--out", self.out)
        self.assertEqual(told.returncode, 0, told.stderr)
        self.assertAlmostEqual(seconds_in(self.path("out", self.made()[0])), 6, delta=0.5)

    def joined(self, *kinds):
        """A transport stream of so many parts of 2 s, each with the streams that are named ("v", "a")."""
        film(self.path("both.ts"), 2)
        for kind, other in (("v", "-an"), ("a", "-vn")):
            self.ffmpeg("-i", self.path("both.ts"), other, "-c", "copy", self.path(kind + ".ts"))
        with open(self.path("film.ts"), "wb") as file:
            for kind in kinds:
                with open(self.path({"va": "both"}.get(kind, kind) + ".ts"), "rb") as part:
                    file.write(part.read())
        return self.path("film.ts")

    def ends(self, path):
        """When the last packet begins, by kind of stream."""
        told = subprocess.run(["ffprobe", "-v", "error", "-show_entries", "packet=codec_type,pts_time", "-of", "csv=p=0",
                               path], capture_output=True, text=True, timeout=LIMIT, check=True).stdout.split()
        rows = [line.split(",") for line in told]
        return {row[0]: float(row[1]) for row in rows}

    def test_a_stream_that_goes_midway(self):
        for kinds, seen, heard in ((("va", "v"), 4, 2), (("va", "a"), 2, 4)):
            told = self.run_tool(self.joined(*kinds), "--ladder", "90p:vp8", "--out", self.out, "--replace")
            self.assertEqual((told.returncode, told.stderr), (0, ""))
            ends = self.ends(self.path("out", "film.90p.webm"))
            self.assertAlmostEqual(ends["video"], seen, delta=0.3)
            self.assertAlmostEqual(ends["audio"], heard, delta=0.3)
        told = self.run_tool(self.joined("va", "a"), "--sound", "none", "--ladder", "90p:vp8", "--out", self.out,
                             "--replace")
        self.assertEqual((told.returncode, list(self.ends(self.path("out", "film.90p.webm")))), (0, ["video"]), told.stderr)

    def test_a_stream_that_comes_midway(self):
        for kinds, made, ends, said in (
                (("v", "va"), "film.90p.webm", {"video": 4}, "sound that came later is left out"),
                (("a", "va"), "film.opus.webm", {"audio": 4}, "pictures that came later are left out"),
                (("va", "v", "va"), "film.90p.webm", {"video": 6, "audio": 2}, "sound that came later is left out")):
            told = self.run_tool(self.joined(*kinds), "--ladder", "90p:vp8", "--out", self.out, "--replace")
            self.assertEqual((told.returncode, told.stderr), (0, f"genos: {self.path('film.ts')}: {said}\n"))
            for (kind, at), end in zip(self.ends(self.path("out", made)).items(), ends.values(), strict=True):
                self.assertAlmostEqual(at, end, delta=0.3, msg=(kinds, kind))

    def test_of_a_film_without_pictures_it_is_said(self):
        """Of sound it is not; and three seconds of 21 are a preview to qtdemux (1.22)."""
        sound = ["-f", "lavfi", "-i", "sine=duration=21"]
        self.ffmpeg("-f", "lavfi", "-i", "testsrc2=size=160x90:rate=30:duration=3", *sound, "-c:v", "libx264",
                    "-preset", "ultrafast", "-c:a", "aac", self.film)
        self.ffmpeg("-f", "lavfi", "-i", "testsrc2=size=160x90:rate=1", "-frames:v", "1", self.path("cover.png"))
        names = ["b.m4a", "c.mka", "d.mp3", "e.ogg", "f.flac", "g.wav", "h.opus", "i.aac", "j.wma", "k.webm"]
        for name in names:
            codec = ["-c:a", "libopus"] if name in ("c.mka", "k.webm") else []
            cover = ["-i", self.path("cover.png"), "-map", "0", "-map", "1"] if name == "d.mp3" else []
            self.ffmpeg("-f", "lavfi", "-i", "sine=duration=1", *cover, *codec, self.path(name))
        told = self.run_tool(self.film, *map(self.path, names), "--ladder", "90p:vp8", "--out", self.out)
        self.assertEqual(told.returncode, 0, told.stderr)
        self.assertEqual(told.stderr, f"genos: {self.film}: no picture was found in it\n")
        self.assertEqual(len(self.made()), 1 + len(names))

    def test_every_codec_in_matroska(self):
        film(self.film)
        told = self.run_tool(self.film, "--ladder", "180p:h264,90p:vp9", "--sound", "aac",
                             "--container", "mkv", "--out", self.out)
        self.assertEqual(told.returncode, 0, told.stderr)
        self.assertEqual(self.made(), ["film.180p.mkv", "film.90p.mkv"])
        for name in self.made():
            self.assertAlmostEqual(seconds_in(self.path("out", name)), 3, delta=0.2)

    def test_what_is_wrong_is_said_and_leaves_nothing(self):
        film(self.film)
        with open(self.path("noise.mp4"), "wb") as file:
            file.write(bytes(range(256)) * 100)
        self.ffmpeg("-f", "lavfi", "-i", "sine=duration=1", self.path("sound.ogg"))
        for words, said, code in (
                (["nowhere.mp4"], "not a file", 1),
                (["nowhere.mp4", "--queue"], "not a file", 1),
                ([self.film, "--ladder", "720"], "like 720p30:1500k", 64),
                ([self.film, "--ladder", "720", "--queue"], "like 720p30:1500k", 64),
                ([self.film, "--ladder", "180p:h264"], "mkv can", 64),
                ([self.film, "--sound", "aac"], "mkv can", 64),
                ([self.film, "--container", "avi"], "webm or mkv", 64),
                ([self.film, "--limit", "0"], "1 or more", 64),
                ([self.path("sound.ogg"), "--sound", "none"], "nothing is left to make: it has no picture", 1),
                ([self.film, "other/film.mp4", "--replace"], "the same files", 64),
                ([self.path("noise.mp4")], "noise.mp4", 1)):
            told = self.run_tool(*words, "--out", self.out)
            self.assertEqual(told.returncode, code, (words, told.stderr))
            self.assertIn(said, told.stderr)
            self.assertEqual(self.made(), [], words)
        self.assertEqual(self.run_tool(self.film).returncode, 64)
        self.assertEqual(self.run_tool("--out", self.out).returncode, 64)

    def test_nothing_is_replaced_untold(self):
        film(self.film)
        os.mkdir(self.out)
        with open(self.path("out", "film.90p.webm"), "w", encoding="utf-8") as file:
            file.write("mine")
        words = [self.film, "--ladder", "90p:vp8", "--out", self.out]
        told = self.run_tool(*words)
        self.assertEqual(told.returncode, 1)
        self.assertIn("already", told.stderr)
        self.assertEqual(os.path.getsize(self.path("out", "film.90p.webm")), 4)
        self.assertEqual(self.run_tool(*words, "--replace").returncode, 0)
        self.assertGreater(os.path.getsize(self.path("out", "film.90p.webm")), 4)

    def test_two_do_not_write_the_same_file(self):
        first = self.begin_long_one()
        size = os.path.getsize(self.path("out", "film.720p.part.webm"))
        told = self.run_tool(self.film, "--ladder", "720p,90p:vp8", "--out", self.out, "--limit", "9")
        self.assertEqual(told.returncode, 1)
        self.assertIn("another job", told.stderr)
        self.assertEqual(self.made(), ["film.360p.part.webm", "film.720p.part.webm"])
        self.assertGreaterEqual(os.path.getsize(self.path("out", "film.720p.part.webm")), size)
        self.assertIsNone(first.poll())

    def test_one_that_fails_leaves_the_others(self):
        film(self.film)
        told = self.run_tool("nowhere.mp4", self.film, "--ladder", "90p:vp8", "--out", self.out)
        self.assertEqual(told.returncode, 1)
        self.assertEqual(self.made(), ["film.90p.webm"])

    def test_ctrl_c_leaves_files_that_play(self):
        tool = self.begin_long_one()
        tool.send_signal(signal.SIGINT)
        rest = [json.loads(line) for line in tool.stdout]
        self.assertEqual(tool.wait(LIMIT), 130)
        self.assertEqual(rest[-1]["state"], "cancelled")
        self.assertEqual(self.made(), ["film.360p.part.webm", "film.720p.part.webm"])
        for name in self.made():
            self.assertGreater(seconds_in(self.path("out", name)), 1)

    def test_ctrl_c_ends_what_its_source_does_not(self):
        """Of a GIF gst-libav (1.22) finds no end: it reads on for ever. And all of its times are 0."""
        film(self.film)
        gif = self.path("film.gif")
        self.ffmpeg("-i", self.film, "-vf", "fps=10", gif)
        tool = self.start(gif, "--ladder", "180p:vp8")
        for _ in tool.stdout:
            if self.made():
                break
        tool.send_signal(signal.SIGINT)
        asked = time.monotonic()
        self.assertEqual(tool.wait(LIMIT), 130)
        self.assertLess(time.monotonic() - asked, 20)
        self.assertEqual(self.made(), ["film.180p.part.webm"])
        self.assertIn("video", self.ends(self.path("out", "film.180p.part.webm")))

    def test_killed_it_leaves_nothing_that_looks_whole(self):
        tool = self.begin_long_one()
        tool.kill()
        tool.wait()
        self.assertTrue(all(".part." in name for name in self.made()), self.made())
        film(self.film)
        told = self.run_tool(self.film, "--ladder", "180p30,90p15", "--out", self.out)
        self.assertEqual(told.returncode, 0, told.stderr)


if __name__ == "__main__":
    tap.main()
