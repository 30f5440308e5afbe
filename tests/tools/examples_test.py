#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The example programs of docs/ meet: examples_test.py HELLO.PY HELLO REQUEST FILES CALL WATCH.
TAP.

HELLO.PY may be "-" where there is no introspection.
"""
import os
import random
import re
import socket
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import tap

HELLO_PY, HELLO_C, REQUEST, FILES_C, CALL_C, WATCH_C = sys.argv[1:7]
del sys.argv[1:7]
PYTHON = ["/usr/bin/python3", HELLO_PY]  # the one with gi


class Examples(unittest.TestCase):
    def both(self, one, other, argument="example", more=(), **settings):
        """What the two print who meet in a room of their own, on a port of their own."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            relay = f"ws://127.0.0.1:{probe.getsockname()[1]}"
        environment = {**os.environ, "GENOS_SIGNALING": relay, "GENOS_ICE_SERVERS": "none", **settings}
        started = [subprocess.Popen([*words, argument, *more], stdout=subprocess.PIPE,
                                    stderr=subprocess.PIPE, text=True, env=environment)
                   for words in (one, other)]
        try:
            outputs = [process.communicate(timeout=60) for process in started]
        finally:
            for process in started:
                process.kill()
                process.wait()
        for process, (output, errors) in zip(started, outputs):
            self.assertEqual(process.returncode, 0, output + errors)
        return sorted(output for output, _ in outputs)

    def test_c(self):
        for output in self.both([HELLO_C], [HELLO_C]):
            self.assertRegex(output, r"^\w{20}: Hello from C\n$")

    @unittest.skipIf(HELLO_PY == "-", "built without introspection")
    def test_python(self):
        for output in self.both(PYTHON, PYTHON):
            self.assertRegex(output, r"^\w{20}: Hello from Python\n$")

    @unittest.skipIf(HELLO_PY == "-", "built without introspection")
    def test_python_and_c(self):
        texts = [re.sub(r"^\w{20}: ", "", output) for output in self.both(PYTHON, [HELLO_C])]
        self.assertEqual(sorted(texts), ["Hello from C\n", "Hello from Python\n"])

    @unittest.skipIf(HELLO_PY == "-", "built without introspection")
    def test_signaling_in_python(self):
        example = os.path.join(os.path.dirname(HELLO_PY), "folder_signaling.py")
        words = [PYTHON[0], example]
        with tempfile.TemporaryDirectory() as folder:
            for output in self.both(words, words, folder):
                self.assertRegex(output, r"^\w{20}: Hello\n$")
            self.assertEqual(os.listdir(folder), [])

    def test_request(self):
        self.assertEqual(self.both([REQUEST], [REQUEST]),
                         ["answered\n", "the answer is forty-two\n"])

    def sent_and_received(self, sender, receiver):
        content = random.Random(4).randbytes(3_000_001)
        with tempfile.TemporaryDirectory() as folder:
            path, into = os.path.join(folder, "film.mkv"), os.path.join(folder, "into")
            os.mkdir(into)
            with open(path, "wb") as file:
                file.write(content)
            received, sent = sorted(
                self.both([*sender, "send", path], [*receiver, "receive", into]),
                key=lambda output: "received" not in output)
            self.assertRegex(sent, r"^\w{20} has film.mkv\n$")
            self.assertTrue(received.endswith(f"received {into}/film.mkv\n"), received)
            self.assertIn("3000001 of 3000001 bytes\n", received)
            self.assertEqual(os.listdir(into), ["film.mkv"])
            with open(os.path.join(into, "film.mkv"), "rb") as file:
                self.assertEqual(file.read(), content)

    def called(self, one, other):
        """Calls end with the first who hangs up. Nobody is at a screen here, but all is decoded for it."""
        with tempfile.TemporaryDirectory() as folder:
            return self.both(one, other, more=["6"], SCREEN="video/x-raw ! fakesink",
                             SPEAKER="audio/x-raw ! fakesink", GST_REGISTRY=os.path.join(folder, "registry.bin"))

    def test_call_in_c(self):
        for output in self.called([CALL_C], [CALL_C]):
            self.assertRegex(output, r'^\w{20} shows {"title":"C"}\n$')

    def test_watch_in_c(self):
        called, watched = sorted(self.called([CALL_C], [WATCH_C]))
        self.assertEqual(called, "")
        # The message is read by the main loop, while the pads are linked by another thread.
        self.assertRegex(watched, r"(?m)^\w{20} shows C$")
        self.assertIn("video_0 is linked\n", watched)
        self.assertIn("audio_0 is linked\n", watched)

    @unittest.skipIf(HELLO_PY == "-", "built without introspection")
    def test_call_in_python_and_c(self):
        call = [PYTHON[0], os.path.join(os.path.dirname(HELLO_PY), "call.py")]
        told = [re.sub(r"^\w{20} ", "", output) for output in self.called(call, [CALL_C])]
        self.assertEqual(sorted(told), ['shows {"title":"C"}\n', 'shows {"title":"Python"}\n'])

    @unittest.skipIf(HELLO_PY == "-", "built without introspection")
    def test_call_in_ten_lines(self):
        """As it is printed, but for the devices, and until something was shown and heard."""
        with open(os.path.join(os.path.dirname(HELLO_PY), "ten_lines.py"), encoding="utf-8") as file:
            text = file.read()
        for printed, here in (
                ("autovideosrc", "videotestsrc is-live=true"), ("autoaudiosrc", "audiotestsrc is-live=true"),
                ("playsink", r"playsink video-sink=\"fakesink name=seen\" audio-sink=\"fakesink name=heard\""),
                ("GLib.MainLoop().run()", """
import os, time
def came(name):
    sink = line.get_by_name(name)
    return sink and sink.get_property("stats").get_uint64("rendered")[1] > 20
while not (came("seen") and came("heard")):
    GLib.MainContext.default().iteration(False)
    time.sleep(0.01)
with open(f"{__file__}.{os.getpid()}", "w"):
    pass
while len(os.listdir(os.path.dirname(__file__))) < 4:  # the two, this and the registry
    time.sleep(0.01)
""")):
            self.assertEqual(text.count(printed), 1, printed)
            text = text.replace(printed, here)
        with tempfile.TemporaryDirectory() as folder:
            script = os.path.join(folder, "call.py")
            with open(script, "w", encoding="utf-8") as file:
                file.write(text)
            words = [PYTHON[0], script]
            self.both(words, words, GST_REGISTRY=os.path.join(folder, "registry.bin"))

    def test_files_in_c(self):
        self.sent_and_received([FILES_C], [FILES_C])

    @unittest.skipIf(HELLO_PY == "-", "built without introspection")
    def test_files_in_python(self):
        words = [PYTHON[0], os.path.join(os.path.dirname(HELLO_PY), "files.py")]
        self.sent_and_received(words, words)
        self.sent_and_received(words, [FILES_C])


if __name__ == "__main__":
    tap.main()
