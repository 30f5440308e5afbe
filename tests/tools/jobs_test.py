#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""`genos jobs` and the queue behind it: jobs_test.py GENOS. TAP."""
import json
import os
import signal
import sqlite3
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


def film(path, seconds, size="160x90"):
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i",
                    f"testsrc2=size={size}:rate=30:duration={seconds}", "-c:v", "libx264", "-preset",
                    "ultrafast", path], timeout=LIMIT, check=True)


class Jobs(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.out = os.path.join(self.folder, "out")
        self.words = ["--ladder", "90p:vp8", "--out", self.out]
        self.environment = {**os.environ, "XDG_STATE_HOME": os.path.join(self.folder, "state")}

    def film(self, name, seconds=1, size="160x90"):
        path = os.path.join(self.folder, name)
        film(path, seconds, size)
        return path

    def long_film(self, seconds=90):
        """The same again and again, which is soon made."""
        once, path = self.film("once.mp4", 2, "1280x720"), os.path.join(self.folder, "long.mp4")
        subprocess.run(["ffmpeg", "-v", "error", "-y", "-stream_loop", str(seconds // 2 - 1), "-i", once, "-c", "copy",
                        path], timeout=LIMIT, check=True)
        return path

    def genos(self, *words, **more):
        given = {"text": True, "env": self.environment, "cwd": self.folder, **more}
        return subprocess.run([GENOS, *words], capture_output=True, timeout=LIMIT, check=False,
                              **given)

    def jobs(self):
        told = self.genos("jobs", "--json")
        self.assertEqual(told.returncode, 0, told.stderr)
        return [json.loads(line) for line in told.stdout.splitlines()]

    def states(self):
        return [job["state"] for job in self.jobs()]

    def start(self, *words, **more):
        process = subprocess.Popen([GENOS, *words], env=self.environment, text=True,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, **more)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def until(self, what):
        end = time.monotonic() + LIMIT
        while not what():
            self.assertLess(time.monotonic(), end, "it did not come to that")
            time.sleep(0.1)

    def until_half_done(self, job=-1):
        """Files are being written, and the store has heard of it."""
        self.until(lambda: self.jobs() and self.jobs()[job].get("percent", 0) > 1)

    def test_a_job_is_known_after_its_end(self):
        path = self.film("a.mp4")
        told = self.genos("transcode", "a.mp4", *self.words)
        self.assertEqual(told.returncode, 0, told.stderr)
        missing = self.genos("transcode", "none.mp4", *self.words)
        self.assertEqual(missing.returncode, 1)
        first, second = self.jobs()
        self.assertEqual((first["id"], first["state"], first["percent"]), ("1", "done", 100))
        self.assertEqual((first["source"], first["folder"]), (path, self.out))
        self.assertEqual(second["state"], "failed")
        self.assertIn("none.mp4", second["reason"])
        store = os.path.join(self.environment["XDG_STATE_HOME"], "genos", "jobs.db")
        self.assertEqual(os.stat(store).st_mode & 0o077, 0)
        shown = self.genos("jobs", "show", "1")
        self.assertIn(os.path.join(self.out, "a.90p.webm"), shown.stdout)
        self.assertRegex(shown.stdout, r"\n +\d+\.\d x\n")
        self.assertGreater(first["speed"], 0)
        self.assertNotIn("speed", second)
        late = self.genos("jobs", "cancel", "1")
        self.assertEqual(late.returncode, 1)
        self.assertIn("had ended", late.stderr)
        self.genos("transcode", "a.mp4", "--ladder", "90p:vp8", "--out", "here")
        shown = self.genos("jobs", "show", "3", cwd="/")
        self.assertIn(os.path.join(self.folder, "here", "a.90p.webm"), shown.stdout)

    def test_a_name_that_is_no_text(self):
        os.rename(self.film("a.mp4"), os.fsencode(self.folder) + b"/\xe9t\xe9.mp4")
        for words in (["transcode", b"\xe9t\xe9.mp4", *self.words, "--json"], ["jobs", "--json"], ["jobs", "show", "1", "--json"]):
            told = self.genos(*words, text=False)
            self.assertEqual((told.returncode, told.stderr), (0, b""))
            lines = [json.loads(line.decode("utf-8")) for line in told.stdout.splitlines()]
            self.assertTrue(lines[0]["source"].endswith("\ufffdt\ufffd.mp4"), lines)
        self.assertEqual(os.listdir(os.fsencode(self.out)), [b"\xe9t\xe9.90p.webm"])

    def test_the_queue_is_worked_off(self):
        names = ["a.mp4", "b.mp4", "c.mp4"]
        for name in names:
            self.film(name)
        told = self.genos("transcode", "--queue", *names, *self.words)
        self.assertEqual(told.returncode, 0, told.stderr)
        self.assertEqual(self.states(), ["queued"] * 3)
        self.assertEqual(self.genos("jobs", "cancel", "2").returncode, 0)
        for limit in ("2", "1"):
            told = self.genos("jobs", "run", "--limit", limit, cwd="/")
            self.assertEqual(told.returncode, 0, told.stderr)
            self.assertEqual(self.states(), ["done", "cancelled", "done"])
        self.assertEqual(sorted(os.listdir(self.out)), ["a.90p.webm", "c.90p.webm"])

    def test_a_running_job_is_cancelled_by_another_process(self):
        process = self.start("transcode", self.long_film(), *self.words)
        self.until_half_done()
        self.assertEqual(self.states(), ["running"])
        self.assertEqual(self.genos("jobs", "cancel", "1").returncode, 0)
        self.assertEqual(process.wait(LIMIT), 1)
        self.assertEqual(self.states(), ["cancelled"])
        self.assertEqual(os.listdir(self.out), ["long.90p.part.webm"])

    def test_what_a_killed_process_had_begun_is_begun_anew(self):
        path = self.long_film()
        self.genos("transcode", "--queue", path, *self.words)
        for killed in range(3):
            process = self.start("jobs", "run")
            self.until_half_done()
            process.send_signal(signal.SIGKILL)
            process.wait()
            self.assertEqual(self.states(), ["failed" if killed == 2 else "queued"])
        self.assertIn("3 times", self.jobs()[0]["reason"])
        film(path, 1)
        self.genos("transcode", "--queue", path, *self.words)
        process = self.start("jobs", "run")
        process.wait(LIMIT)
        self.assertEqual(self.states(), ["failed", "done"])
        self.assertEqual(os.listdir(self.out), ["long.90p.webm"])

    def test_a_killed_job_that_is_cancelled_leaves_no_unfinished_files(self):
        path = self.long_film(40)
        mine, theirs = os.path.join(self.out, "long.90p.part.webm"), os.path.join(self.out, "long.45p.part.webm")

        def begin_and_end(how):
            process = self.start("transcode", path, *self.words)
            self.until_half_done()
            process.send_signal(how)
            process.wait()

        begin_and_end(signal.SIGKILL)
        with open(theirs, "w", encoding="utf-8") as file:
            file.write("mine")
        self.assertTrue(os.path.exists(mine))
        told = self.genos("jobs", "cancel", "1", "--json")
        self.assertEqual(told.returncode, 0, told.stderr)
        self.assertIn({"event": "removed", "id": "1", "path": mine}, [json.loads(line) for line in told.stdout.splitlines()])
        self.assertEqual(os.listdir(self.out), ["long.45p.part.webm"])
        # What another job left under that name since, and can be played, is not the dead one's.
        begin_and_end(signal.SIGKILL)
        begin_and_end(signal.SIGINT)
        for number in ("2", "3"):
            self.assertEqual(self.genos("jobs", "cancel", number).returncode, 0)
        self.assertEqual(self.states(), ["cancelled"] * 3)
        self.assertTrue(os.path.exists(mine))

    def test_a_transcode_that_is_killed_leaves_its_job_in_the_queue(self):
        path = self.long_film()
        process = self.start("transcode", path, path, *self.words, "--replace")
        self.until_half_done(0)
        process.send_signal(signal.SIGKILL)
        process.wait()
        film(path, 1)
        self.assertEqual(self.states(), ["queued", "queued"])
        self.assertEqual(self.genos("jobs", "run").returncode, 0)
        self.assertEqual(self.states(), ["done", "done"])

    def test_standard_input_ends_with_its_reader(self):
        with open(self.long_film(), "rb") as file:
            process = self.start("transcode", "-", *self.words, stdin=file)
            self.until(lambda: self.states() == ["running"])
            process.send_signal(signal.SIGKILL)
            process.wait()
        self.assertEqual(self.states(), ["failed"])
        self.assertEqual(self.genos("transcode", "--queue", "-", *self.words).returncode, 64)

    def test_no_more_run_than_may(self):
        first = self.start("transcode", self.long_film(), *self.words)
        self.until_half_done()
        second = self.start("transcode", self.film("b.mp4"), *self.words, "--limit", "1")
        self.assertIn("waits", second.stderr.readline())
        self.assertEqual(self.states(), ["running", "queued"])
        # Who queued it runs it: nothing is left for a `run`.
        self.assertEqual(self.genos("jobs", "run", "--limit", "9").returncode, 0)
        self.assertEqual(self.states(), ["running", "queued"])
        first.send_signal(signal.SIGINT)
        self.assertEqual(first.wait(LIMIT), 130)
        self.assertEqual(second.wait(LIMIT), 0)
        self.assertEqual(self.states(), ["cancelled", "done"])

    def test_ctrl_c_cancels_what_waits_too(self):
        process = self.start("transcode", self.long_film(), self.film("b.mp4"), *self.words)
        self.until_half_done(0)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(LIMIT), 130)
        self.assertEqual(self.states(), ["cancelled", "cancelled"])

    def test_what_is_wrong_is_said(self):
        for words, code in ((("show", "7"), 1), (("cancel", "7"), 1), (("show",), 64),
                            (("show", "x"), 64), (("dance",), 64), (("list", "1"), 64),
                            (("run", "--limit=-1"), 64)):
            told = self.genos("jobs", *words)
            self.assertEqual(told.returncode, code, words)
            self.assertIn("genos: ", told.stderr)
        self.assertIn("no jobs", self.genos("jobs").stderr)

    def test_without_a_place_for_them_jobs_run_all_the_same(self):
        path = self.film("a.mp4")
        self.environment["XDG_STATE_HOME"] = "/dev/null/nowhere"
        told = self.genos("transcode", path, *self.words)
        self.assertEqual(told.returncode, 0, told.stderr)
        self.assertIn("will not know", told.stderr)
        self.assertEqual(self.genos("jobs").returncode, 1)

    def test_a_store_of_a_newer_genos_is_left_alone(self):
        self.assertEqual(self.genos("jobs").returncode, 0)
        store = sqlite3.connect(os.path.join(self.environment["XDG_STATE_HOME"], "genos", "jobs.db"))
        self.assertEqual(store.execute("PRAGMA user_version").fetchone(), (1,))
        store.execute("PRAGMA user_version = 2")
        store.close()
        run = self.genos("jobs")
        self.assertEqual(run.returncode, 1)
        self.assertIn("newer genos", run.stderr)

    def test_a_store_that_is_damaged_is_not_written_over(self):
        folder = os.path.join(self.environment["XDG_STATE_HOME"], "genos")
        os.makedirs(folder)
        with open(os.path.join(folder, "jobs.db"), "w", encoding="utf-8") as file:
            file.write("this is no database" * 100)
        told = self.genos("transcode", self.film("a.mp4"), *self.words)
        self.assertEqual(told.returncode, 0, told.stderr)
        self.assertIn("not a database", told.stderr)
        with open(os.path.join(folder, "jobs.db"), encoding="utf-8") as file:
            self.assertTrue(file.read().startswith("this is no database"))


if __name__ == "__main__":
    tap.main()
