# SPDX-License-Identifier: LGPL-2.1-or-later
"""What tests of `genos` between processes share where it is about pictures and sound."""
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import unittest

GENOS = os.path.abspath(sys.argv.pop(1))
OK, FAILED, USAGE, NOBODY, INTERRUPTED = 0, 1, 64, 69, 130
LIMIT = 60
CUES = b"\x1c\x53\xbb\x6b"  # the index that players seek by
SMALL = ("--ladder", "180p15:200k")
# A camera that takes its time beside a microphone that does not: a line for `broadcast`.
SLOW_CAMERA = ("--", "videotestsrc", "is-live=true", "!", "video/x-raw,width=320,height=180,framerate=1/1", "!", "identity",
               "sleep-time=800000", "!", "room.", "audiotestsrc", "is-live=true", "!", "room.")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def packets(path):
    """codec -> times of its packets, as a demuxer that is not GStreamer's reads them."""
    told = subprocess.run(
        ["ffprobe", "-v", "error", "-show_entries", "packet=stream_index,pts_time:stream=codec_name",
         "-of", "json", path], capture_output=True, text=True, timeout=LIMIT, check=True)
    read = json.loads(told.stdout)
    names = [stream["codec_name"] for stream in read["streams"]]
    times = {name: [] for name in names}
    for packet in read["packets"]:
        times[names[packet["stream_index"]]].append(float(packet["pts_time"]))
    return times


def complaints(path):
    """Of a decoder that is not GStreamer's; pictures come when they were taken, at no fixed rate."""
    return subprocess.run(["ffmpeg", "-v", "error", "-i", path, "-fps_mode", "passthrough",
                           "-enc_time_base", "-1", "-f", "null", "-"], capture_output=True, text=True, timeout=LIMIT, check=False).stderr


def sought(path, at):
    """What the same decoder says of a picture in the middle, which stands on a keyframe before it."""
    return subprocess.run(["ffmpeg", "-v", "error", "-ss", str(at), "-i", path, "-map", "0:v", "-frames:v", "1",
                           "-f", "null", "-"], capture_output=True, text=True, timeout=LIMIT, check=False).stderr


class Media(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.environment = {**os.environ, "GENOS_ICE_SERVERS": "none",
                            "GENOS_SIGNALING": f"ws://127.0.0.1:{free_port()}"}
        self.environment.pop("DISPLAY", None)
        self.environment.pop("WAYLAND_DISPLAY", None)

    def path(self, name):
        return os.path.join(self.folder, name)

    def start(self, *words):
        process = subprocess.Popen([GENOS, words[0], "--room", "r", "--json", *words[1:]],
                                   text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, env=self.environment)
        # Who reads its lines waits no longer than this.
        limit = threading.Timer(LIMIT, process.kill)
        limit.start()

        def stop():
            limit.cancel()
            process.kill()
            process.wait()
            process.stdout.close()
            process.stderr.close()
        self.addCleanup(stop)
        return process

    def run_tool(self, *words):
        return subprocess.run([GENOS, words[0], "--room", "r", "--json", *words[1:]],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              check=False, timeout=LIMIT, env=self.environment)

    def broadcast(self, *words):
        return self.start("broadcast", *SMALL, *words)

    def wait_for(self, process, event, count=1):
        """The lines up to so many of that event."""
        lines = []
        for text in process.stdout:
            lines.append(json.loads(text))
            count -= lines[-1]["event"] == event
            if count == 0:
                return lines
        self.fail(f"{event} did not come: {lines} {process.stderr.read()}")

    def end(self, process, code):
        process.send_signal(signal.SIGINT)
        told, complained = process.communicate(timeout=LIMIT)
        self.assertEqual(process.returncode, code, told + complained)
        return [json.loads(line) for line in told.splitlines()]
