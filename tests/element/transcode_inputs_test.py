#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Files as people have them through genostranscodebin; ffprobe, which knows nothing of us, judges
what comes out. TAP."""
import json
import os
import subprocess
import sys
import tempfile
import threading
import unittest
from statistics import median

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import tap

LIMIT = 60  # seconds for a few seconds of small pictures
PICTURE = ["-f", "lavfi", "-i", "testsrc2=size=640x360:rate=30:duration=5"]
SOUND = ["-f", "lavfi", "-i", "sine=frequency=440:duration=5"]
H264 = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"]
LADDER = "360p30:500k,180p15:150k"


def run(words, **more):
    return subprocess.run(words, capture_output=True, text=True, timeout=LIMIT, check=False, **more)


def ffmpeg(*words):
    made = run(["ffmpeg", "-v", "error", "-y", *words])
    assert made.returncode == 0, made.stderr


def probe(path):
    """Streams by kind, and of each the times of all packets and of those that are keyframes."""
    told = run(["ffprobe", "-v", "error", "-of", "json", "-show_streams", "-show_packets", path])
    assert told.returncode == 0 and not told.stderr, told.stderr
    found = json.loads(told.stdout)
    streams = {}
    for stream in found["streams"]:
        packets = [p for p in found["packets"] if p["stream_index"] == stream["index"]]
        times = [float(p["pts_time"]) for p in packets]
        stream["times"] = sorted(times)
        stream["lengths"] = [float(p.get("duration_time", 0)) for p in packets]
        stream["keys"] = [t for t, p in zip(times, packets) if "K" in p["flags"]]
        streams[stream["codec_type"]] = stream
    return streams


def decodes(path):
    """All of it, without a complaint."""
    told = run(["ffmpeg", "-v", "error", "-i", path, "-f", "null", "-"])
    return told.stderr


def shows(path, at):
    """A picture in the middle, without a complaint."""
    told = run(["ffmpeg", "-v", "error", "-ss", str(at), "-i", path, "-map", "0:v", "-frames:v", "1",
                "-f", "null", "-"])
    return told.stderr


class Inputs(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def path(self, name):
        return os.path.join(self.folder, name)

    def transcode(self, source, *what, **more):
        words, outputs = self.line(source, *what, **more)
        return run(words), outputs

    def error_of(self, source):
        """What is told of a source that cannot be read, and that it is no success. gst-launch-1.0 1.22
        may stay where it is when an error comes while it prerolls (7 of 40 times with an empty file
        and decodebin alone), and then has no exit code."""
        process = subprocess.Popen(self.line(source)[0], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        limit = threading.Timer(LIMIT, process.kill)
        self.addCleanup(limit.cancel)
        limit.start()
        said = next((line for line in process.stderr if line.startswith("ERROR: from element")), "")
        try:
            self.assertNotEqual(process.wait(5), 0)
        except subprocess.TimeoutExpired:
            print(f"# gst-launch-1.0 did not end after: {said.strip()}")
        return said

    def line(self, source, rungs=2, sound=True, ladder=LADDER, muxer="webmmux"):
        """Each rung into a file of its own, and the sound with the first."""
        words = ["gst-launch-1.0", "filesrc", f"location={source}", "!", "genostranscodebin",
                 "name=t", f"ladder={ladder}"]
        outputs = []
        for rung in range(rungs):
            outputs.append(self.path(f"{rung}.webm"))
            words += [f"t.rung_{rung}", "!", "queue", "!", f"m{rung}.video_0", muxer,
                      f"name=m{rung}", "!", "filesink", f"location={outputs[-1]}"]
        if sound:
            if not rungs:
                outputs.append(self.path("sound.webm"))
                words += ["webmmux", "name=m0", "!", "filesink", f"location={outputs[-1]}"]
            words += ["t.sound_0", "!", "queue", "!", "m0.audio_0"]
        return words, outputs

    def check(self, outputs, sizes, seconds=5.0, rate=30):
        """Whole and aligned."""
        all_keys = []
        for path, size in zip(outputs, sizes):
            self.assertEqual(decodes(path), "")
            self.assertEqual(shows(path, seconds / 2), "")
            video = probe(path)["video"]
            self.assertEqual((video["width"], video["height"]), size)
            self.assertEqual(video["codec_name"], "av1")
            self.assertAlmostEqual(video["times"][-1], seconds, delta=0.25)
            self.assertEqual(len(set(video["times"])), len(video["times"]))
            if rate == 30:  # MPEG-2 has no 15 a second, and says 30
                gaps = [b - a for a, b in zip(video["times"], video["times"][1:])]
                self.assertAlmostEqual(median(video["lengths"]), median(gaps), delta=0.005)
            all_keys.append([round(t, 2) for t in video["keys"]])
        self.assertLess(all_keys[0][0], 0.02)  # Opus begins 7 ms before its picture
        self.assertEqual(len(all_keys[0]), 1 + int((seconds - 0.01) / 2))
        for keys in all_keys[1:]:
            self.assertEqual(keys, all_keys[0])
        first = probe(outputs[0])
        if rate:
            self.assertAlmostEqual(len(first["video"]["times"]), seconds * rate, delta=3)
        return first

    def good(self, name, sizes, encode, rate=30, sound=True, ladder=LADDER):
        source = self.path(name)
        ffmpeg(*encode, source)
        told, outputs = self.transcode(source, len(sizes), sound, ladder)
        self.assertEqual(told.returncode, 0, told.stderr)
        first = self.check(outputs, sizes, rate=rate)
        self.assertEqual("audio" in first, sound)
        if sound:
            self.assertAlmostEqual(first["audio"]["times"][-1], 5, delta=0.2)
        return first

    def test_h264_and_aac_in_mp4(self):
        self.good("a.mp4", [(640, 360), (320, 180)], [*PICTURE, *SOUND, *H264, "-c:a", "aac"])

    def test_vp9_and_opus_in_webm(self):
        self.good("a.webm", [(640, 360), (320, 180)],
                  [*PICTURE, *SOUND, "-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used",
                   "8", "-c:a", "libopus"])

    def test_mpeg_ts(self):
        # A transport stream begins at a time of its own.
        self.good("a.ts", [(640, 360), (320, 180)], [*PICTURE, *SOUND, *H264, "-c:a", "aac"])

    def test_ten_bits(self):
        self.good("a.mkv", [(640, 360), (320, 180)],
                  [*PICTURE, *SOUND, "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt",
                   "yuv420p10le", "-c:a", "libopus"])

    def colours(self, path, at):
        """Of the middles of the seven bars, as a decoder that is not ours has them."""
        told = subprocess.run(["ffmpeg", "-v", "error", "-ss", str(at), "-i", path, "-frames:v", "1", "-vf",
                               "scale=64:36:flags=area", "-pix_fmt", "rgb24", "-f", "rawvideo", "-"],
                              capture_output=True, timeout=LIMIT, check=True).stdout
        return [tuple(told[3 * (x + 64 * 18):3 * (x + 64 * 18) + 3]) for x in (4, 13, 22, 32, 41, 50, 59)]

    def test_colours_stay_and_are_told(self):
        """What a source says of its colours its rungs say, and that is what they look like: television,
        old and new, a computer's full range, and HDR, of which eight bits are left."""
        kinds = {
            "sd": ("yuv420p", "smpte170m", "smpte170m", "smpte170m", "tv"),
            "hd": ("yuv420p", "bt709", "bt709", "bt709", "tv"),
            "full": ("yuv420p", "bt709", "bt709", "bt709", "pc"),
            "hdr10": ("yuv420p10le", "bt2020", "smpte2084", "bt2020nc", "tv"),
            "hlg": ("yuv420p10le", "bt2020", "arib-std-b67", "bt2020nc", "tv"),
        }
        for name, (pixels, primaries, transfer, matrix, rng) in kinds.items():
            source = self.path(f"{name}.mkv")
            scale = f"scale=in_range=pc:out_range={rng}:out_color_matrix={matrix.removesuffix('nc')}"
            ffmpeg("-f", "lavfi", "-i", "smptebars=size=640x360:rate=30:duration=1,format=rgb24", "-vf",
                   f"{scale},format={pixels}", "-c:v", "libx264", "-preset", "ultrafast", "-qp", "4",
                   "-color_primaries", primaries, "-color_trc", transfer, "-colorspace", matrix,
                   "-color_range", rng, source)
            vp8, vp8_outputs = self.transcode(source, 1, sound=False, ladder="360p30:2000k:vp8")  # which cannot say
            self.assertEqual(vp8.returncode, 0, vp8.stderr)
            if matrix != "bt2020nc":  # ffmpeg takes no notice of what the source says of that
                self.alike(vp8_outputs[0], source, name)
            for rungs, ladder, muxer in ((2, LADDER, "webmmux"), (1, "360p30:2000k:vp9", "webmmux"),
                                         (1, "360p30:2000k:h264", "matroskamux")):
                told, outputs = self.transcode(source, rungs, False, ladder, muxer=muxer)
                self.assertEqual(told.returncode, 0, told.stderr)
                for path in outputs:
                    self.tells(path, (primaries, transfer, matrix, rng), (name, ladder))
                    self.alike(path, source, (name, ladder))

    def tells(self, path, expected, name):
        video = probe(path)["video"]
        said = [video.get(key) for key in ("color_primaries", "color_transfer", "color_space", "color_range")]
        # VP9 has one word for both matrices of old television, which are the same.
        said[2] = "smpte170m" if said[2] == "bt470bg" else said[2]
        self.assertEqual(tuple(said), expected, name)
        self.assertEqual(video["pix_fmt"].removeprefix("yuvj").removeprefix("yuv"), "420p")

    def alike(self, path, source, name):
        for ours, theirs in zip(self.colours(path, 0.5), self.colours(source, 0.5)):
            for one, other in zip(ours, theirs):
                self.assertAlmostEqual(one, other, delta=10, msg=(name, path, ours, theirs))

    def test_damaged_in_the_middle(self):
        """Two kilobytes are others: whatever it ends in, it ends, and what is written can be seen."""
        for name, encode in (("a.mp4", [*H264, "-c:a", "aac"]), ("a.ts", [*H264, "-c:a", "aac"]),
                             ("a.webm", ["-c:v", "libvpx", "-deadline", "realtime", "-c:a", "libopus"])):
            source = self.path(name)
            ffmpeg(*PICTURE, *SOUND, *encode, source)
            with open(source, "r+b") as file:
                file.seek(os.path.getsize(source) // 2)
                file.write(bytes(i * 151 % 251 for i in range(2048)))
            told, outputs = self.transcode(source)
            if told.returncode:
                self.assertIn("ERROR", told.stderr, name)
                continue
            for path in outputs:
                self.assertEqual(shows(path, 1), "", name)
                # To matroskademux (1.22) a file ends where it cannot read on, and it says nothing.
                least = 2 if name == "a.webm" else 4
                self.assertGreater(probe(path)["video"]["times"][-1], least, name)

    def test_cut_before_its_index(self):
        source = self.path("a.mp4")
        ffmpeg(*PICTURE, *SOUND, *H264, "-c:a", "aac", source)
        with open(source, "r+b") as file:
            file.truncate(os.path.getsize(source) // 2)
        self.assertNotEqual(self.error_of(source), "")

    def test_444(self):
        self.good("a.mkv", [(640, 360), (320, 180)],
                  [*PICTURE, *SOUND, "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt",
                   "yuv444p", "-c:a", "libopus"])

    def test_interlaced(self):
        self.good("a.ts", [(640, 360), (320, 180)],
                  [*PICTURE, *SOUND, "-vf", "interlace", "-c:v", "mpeg2video", "-flags",
                   "+ilme+ildct", "-b:v", "4M", "-c:a", "mp2"], rate=15)

    def test_odd_sizes(self):
        self.good("a.webm", [(320, 178)],
                  ["-f", "lavfi", "-i", "testsrc2=size=321x179:rate=30:duration=5", *SOUND, "-c:v",
                   "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libopus"],
                  ladder="360p30:500k")

    def test_pixels_that_are_not_square(self):
        self.good("a.mp4", [(640, 360), (320, 180)],
                  ["-f", "lavfi", "-i", "testsrc2=size=720x360:rate=30:duration=5,setsar=8/9",
                   *SOUND, *H264, "-c:a", "aac"])

    def test_a_picture_that_lies_on_its_side(self):
        straight = self.path("straight.mp4")
        ffmpeg(*PICTURE, *SOUND, *H264, "-c:a", "aac", straight)
        self.good("a.mp4", [(360, 640), (180, 320)],
                  ["-i", straight, "-c", "copy", "-metadata:s:v:0", "rotate=90"])

    def test_channels_that_change_under_aac(self):
        source = self.path("a.ts")
        with open(source, "wb") as file:
            for channels in ("2", "1"):
                part = self.path("part.ts")
                ffmpeg(*SOUND, "-ac", channels, "-c:a", "aac", part)
                with open(part, "rb") as one:
                    file.write(one.read())
        made = self.path("a.mka")
        told = run(["gst-launch-1.0", "filesrc", f"location={source}", "!", "genostranscodebin", "name=t", "sounds=aac",
                    "t.sound_0", "!", "matroskamux", "!", "filesink", f"location={made}"])
        self.assertEqual(told.returncode, 0, told.stderr)
        audio = probe(made)["audio"]
        self.assertEqual((audio["channels"], decodes(made)), (2, ""))
        self.assertAlmostEqual(audio["times"][-1], 10, delta=0.5)

    def test_video_only(self):
        self.good("a.mp4", [(640, 360), (320, 180)], [*PICTURE, *H264], sound=False)

    def test_audio_only(self):
        source = self.path("a.m4a")
        ffmpeg(*SOUND, "-c:a", "aac", source)
        told, outputs = self.transcode(source, rungs=0)
        self.assertEqual(told.returncode, 0, told.stderr)
        audio = probe(outputs[0])["audio"]
        self.assertEqual(audio["codec_name"], "opus")
        self.assertAlmostEqual(audio["times"][-1], 5, delta=0.2)

    def test_silence(self):
        self.good("a.mp4", [(640, 360), (320, 180)],
                  [*PICTURE, "-f", "lavfi", "-i", "anullsrc=duration=5", *H264, "-c:a", "aac"])

    def test_a_variable_rate_keeps_its_times(self):
        source = self.path("a.mkv")
        # Ten frames a second, then thirty.
        ffmpeg(*PICTURE, "-vf", "select='if(lt(t,2),not(mod(n,3)),1)'", "-fps_mode", "vfr", *H264,
               source)
        told, outputs = self.transcode(source, sound=False)
        self.assertEqual(told.returncode, 0, told.stderr)
        self.check(outputs, [(640, 360), (320, 180)], rate=None)
        before = [round(t, 2) for t in probe(source)["video"]["times"]]
        self.assertEqual([round(t, 2) for t in probe(outputs[0])["video"]["times"]], before)

    def test_a_file_that_was_cut_off_gives_what_is_there(self):
        source = self.path("a.webm")
        ffmpeg(*PICTURE, *SOUND, "-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8",
               "-c:a", "libopus", source)
        os.truncate(source, os.path.getsize(source) // 2)
        told, outputs = self.transcode(source)
        self.assertEqual(told.returncode, 0, told.stderr)
        for path in outputs:
            self.assertEqual(decodes(path), "")
            self.assertGreater(probe(path)["video"]["times"][-1], 1)

    def test_rubbish_is_an_error(self):
        source = self.path("a.mp4")
        with open(source, "wb") as file:
            file.write(bytes(range(256)) * 1000)
        self.assertIn("ERROR", self.error_of(source))

    def test_nothing_is_an_error(self):
        source = self.path("a.mp4")
        open(source, "wb").close()
        self.assertIn("ERROR", self.error_of(source))


if __name__ == "__main__":
    tap.main()
