#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Files between two processes of the command-line tool: cli_files_test.py GENOS [--full]. TAP."""
import hashlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import tap

GENOS = os.path.abspath(sys.argv.pop(1))
FULL = "--full" in sys.argv and bool(sys.argv.remove("--full") or True)
OK, FAILED, USAGE, NOBODY, INTERRUPTED = 0, 1, 64, 69, 130
KILLS = 100 if FULL else 8
SMALL_FILES = 10_000 if FULL else 2_000
NASTY = ["a b", "-rf", "$(reboot)", "quote'\"", "back\\slash", "co:lon", "star*?", "tab\there",
         "new\nline", "CON", "nul.txt", ".hidden", "trail.", "Grüße", "日本語", "😀.txt",
         "photo\u202egpj.exe", "x" * 250]


def digest(path):
    hasher = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            hasher.update(block)
    return hasher.hexdigest()


class Transfer(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.environment = {**os.environ, "GENOS_ICE_SERVERS": "none",
                            "GENOS_SIGNALING": f"ws://127.0.0.1:{port}"}
        self.into = self.path("into")
        os.mkdir(self.into)

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def file(self, name, size):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(random.Random(size).randbytes(size))
        return path

    def start(self, *words, stdin=subprocess.DEVNULL, log=None):
        out = open(log or self.path(f"log{len(os.listdir(self.folder))}"), "w+", encoding="utf-8")
        self.addCleanup(out.close)
        process = subprocess.Popen([GENOS, *words], stdin=stdin, stdout=out, stderr=out,
                                   env=self.environment)
        process.log = out

        def stop():
            if process.poll() is None:
                process.kill()
            process.wait()
        self.addCleanup(stop)
        return process

    def send(self, *words, **more):
        return self.start("send", "--room", "files", *words, **more)

    def receive(self, *words, **more):
        return self.start("receive", "--room", "files", "--yes", "--into", self.into, *words, **more)

    def ends(self, process, code=OK, limit=120):
        try:
            process.wait(limit)
        except subprocess.TimeoutExpired:
            process.kill()
            self.fail(f"it goes on after {limit} s: {self.said(process)}")
        self.assertEqual(process.returncode, code, self.said(process))
        return self.said(process)

    @staticmethod
    def said(process):
        process.log.seek(0)
        return process.log.read()

    def until_there(self, size, limit=60):
        """So many bytes of a part are on the disk."""
        end = time.monotonic() + limit
        while time.monotonic() < end:
            for name in os.listdir(self.into):
                if name.endswith(".part"):
                    try:
                        if os.stat(os.path.join(self.into, name)).st_blocks * 512 >= size:
                            return
                    except FileNotFoundError:
                        pass
            time.sleep(0.005)
        self.fail("nothing comes")


class Ordinary(Transfer):
    def test_a_file(self):
        path = self.file("holiday.bin", 3_000_001)
        sender, receiver = self.send(path), self.receive("--count", "1")
        self.assertIn("/holiday.bin\n", self.ends(receiver))
        self.assertIn(" has 'holiday.bin'", self.ends(sender))
        self.assertEqual(digest(path), digest(self.path("into", "holiday.bin")))
        self.assertEqual(os.listdir(self.into), ["holiday.bin"])

    def test_several_and_the_end_by_itself(self):
        paths = [self.file(f"from/{size}", size) for size in (0, 1, 70_000)]
        sender, receiver = self.send(*paths), self.receive()
        self.ends(sender)
        self.ends(receiver)
        self.assertEqual(sorted(os.listdir(self.into)), ["0", "1", "70000"])

    def test_standard_input(self):
        data = random.Random(5).randbytes(1_500_000)
        sender = self.send("-", "--file-name", "backup.tar", stdin=subprocess.PIPE)
        receiver = self.receive("--count", "1")
        sender.stdin.write(data)
        sender.stdin.close()
        self.ends(receiver)
        self.ends(sender)
        with open(self.path("into", "backup.tar"), "rb") as file:
            self.assertEqual(file.read(), data)

    def test_standard_output(self):
        path = self.file("backup.tar", 1_500_000)
        spool = self.path("spool")
        os.mkdir(spool)
        sender = self.send(os.path.dirname(self.file("folder/a", 10)), path)
        receiver = subprocess.run([GENOS, "receive", "--room", "files", "--yes", "--into", "-"],
                                  env={**self.environment, "TMPDIR": spool}, timeout=60,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False)
        self.assertEqual(receiver.returncode, 0)
        with open(path, "rb") as file:
            self.assertEqual(receiver.stdout, file.read())
        self.assertEqual(os.listdir(spool), [])
        sender.kill()  # nobody took the folder

    def test_lines_for_scripts(self):
        path = self.file("x.bin", 2_000_000)
        sender = self.send(path, "--json")
        receiver = self.receive("--count", "1", "--json")
        received = [json.loads(line) for line in self.ends(receiver).splitlines()]
        sent = [json.loads(line) for line in self.ends(sender).splitlines()]
        self.assertEqual([line["event"] for line in received if line["event"] != "progress"],
                         ["offer", "received"])
        self.assertEqual(received[-1]["path"], self.path("into", "x.bin"))
        self.assertEqual([line.get("what") for line in sent if line["event"] == "peer"],
                         ["takes", "done"])
        self.assertEqual(len(received[0]["id"]), 64)

    def test_only_from_whom_is_named(self):
        path = self.file("x", 10)
        sender = self.send(path, "--self-id", "00stranger0000000000")
        receiver = self.receive("--from", "00friend000000000000", "--timeout", "3")
        self.ends(receiver, NOBODY)
        sender.send_signal(signal.SIGINT)
        self.assertIn("does not want 'x': not from you", self.ends(sender, INTERRUPTED))

    def test_wrong_usage(self):
        for words, why in (([], "say what to send"), (["/no/such/file"], "no such file"),
                           (["x", "--limit", "fast"], "--limit is a number of bytes")):
            process = self.send(*words)
            process.wait(20)
            self.assertIn(process.returncode, (USAGE, FAILED))
            self.assertIn(why, self.said(process))
        process = self.start("receive", "--room", "files", "--into", self.into)
        self.assertIn("say --yes", self.ends(process, USAGE))
        process = self.start("receive", "--room", "files", "--yes", "--into", self.path("none"))
        self.assertIn("there is no folder", self.ends(process, USAGE))


class Folders(Transfer):
    def test_nasty_names(self):
        for number, name in enumerate(NASTY):
            self.file(os.path.join("album", name), number)
        sender, receiver = self.send(self.path("album")), self.receive()
        self.ends(sender)
        self.ends(receiver)
        names = os.listdir(self.path("into", "album"))
        self.assertEqual(len(names), len(NASTY))
        sizes = sorted(os.stat(self.path("into", "album", name)).st_size for name in names)
        self.assertEqual(sizes, list(range(len(NASTY))))
        for name in names:
            self.assertNotRegex(name, r'[<>:"/\\|?*\x00-\x1f\u202e]|[. ]$|^(?i:con|nul)(\.|$)')

    def test_many_small_ones(self):
        for number in range(SMALL_FILES):
            path = self.path("many", str(number % 100), f"{number}.txt")
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as file:
                file.write(f"{number}\n" * (number % 50))
        sender, receiver = self.send(self.path("many")), self.receive()
        self.ends(sender)
        self.ends(receiver)
        self.assertEqual(subprocess.run(["diff", "-r", self.path("many"), self.path("into", "many")],
                                        check=False).returncode, 0)


class Broken(Transfer):
    def test_interrupted_and_gone_on_with(self):
        path = self.file("big", 12_000_000)
        sender = self.send(path, "--limit", "4M", "--json")
        receiver = self.receive()
        self.until_there(2_000_000)
        receiver.send_signal(signal.SIGINT)
        self.assertIn("say the same again", self.ends(receiver, INTERRUPTED))
        self.ends(self.receive())
        said = [json.loads(line) for line in self.ends(sender).splitlines()]
        # To the second: what the first had was not sent again.
        sent = [line["done"] for line in said if line["event"] == "progress" and line["id"] != "hash"]
        self.assertLess(sent[-1], 11_000_000)
        self.assertEqual(digest(path), digest(self.path("into", "big")))

    def kill_some(self, dice):
        """One of them or both; who is done begins anew. Gives how many were killed."""
        killed = 0
        for who in dice.choice((["sender"], ["receiver"], ["sender", "receiver"])):
            running = self.running[who]
            if running.poll() is None:
                running.kill()
                killed += 1
            self.assertIn(running.wait(), (OK, -signal.SIGKILL), self.said(running))
        for who, start in self.starts.items():
            if self.running[who].poll() is not None:
                self.running[who] = start()
        return killed

    def take_away(self, path):
        """What has its name is whole, whenever its receiver ended. Gives how many there were."""
        names = [name for name in os.listdir(self.into) if not name.startswith(".genos")]
        for name in names:
            self.assertEqual(digest(path), digest(self.path("into", name)), name)
            os.remove(self.path("into", name))
        return len(names)

    def test_kill_either_side_at_random_moments(self):
        path = self.file("big", 40_000_000)
        dice = random.Random(11)
        # Slow enough that most moments are in the middle of it.
        self.starts = {"sender": lambda: self.send(path, "--limit", "20M"),
                       "receiver": lambda: self.receive("--count", "1")}
        self.running = {who: start() for who, start in self.starts.items()}
        killed = whole = broken_off = 0
        # A slow machine's first moments may all be before they have met; then there are more, and later ones.
        while killed < KILLS or (broken_off <= KILLS // 4 and killed < 4 * KILLS):
            time.sleep(dice.uniform(0.05, 1.2 + max(0, killed - KILLS) / 10))
            killed += self.kill_some(dice)
            whole += self.take_away(path)
            broken_off += any(name.endswith(".journal") for name in os.listdir(self.into))
        end = time.monotonic() + 60
        while self.running["receiver"].poll() is None and time.monotonic() < end:
            if self.running["sender"].poll() is not None:  # was done with the one before
                self.running["sender"] = self.starts["sender"]()
            time.sleep(0.05)
        self.ends(self.running["receiver"], limit=1)
        whole += self.take_away(path)
        print(f"# {killed} kills, {broken_off} of them in the middle of the file, {whole} whole ones",
              flush=True)
        self.assertGreater(broken_off, KILLS // 4)
        self.assertGreater(whole, 0)
        self.assertEqual(os.listdir(self.into), [])

    def test_a_full_disk(self):
        mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", self.into],
                               capture_output=True, check=False)
        if mount.returncode != 0:
            self.skipTest("mounting a small tmpfs takes root")
        self.addCleanup(subprocess.run, ["umount", self.into], check=True)
        path = self.file("big", 6_000_000)
        sender, receiver = self.send(path), self.receive("--count", "1")
        self.assertIn("has no space", self.ends(receiver, FAILED))
        self.assertIsNone(sender.poll())
        # It is said before anything is written, or when somebody else fills it meanwhile.
        small = self.file("small", 3_000_000)
        slow = self.send(small, "--limit", "1M")
        receiver = self.receive("--count", "1", "--from", "none", "--timeout", "1")
        self.ends(receiver, NOBODY)
        sender.kill()
        sender.wait()
        receiver = self.receive("--count", "1")
        self.until_there(300_000)
        with open(os.path.join(self.into, "other"), "wb") as other:
            try:
                other.write(bytes(5_000_000))
            except OSError:
                pass
        self.assertIn("No space left", self.ends(receiver, FAILED))
        os.remove(os.path.join(self.into, "other"))
        receiver = self.receive("--count", "1")
        self.ends(receiver)
        self.ends(slow)
        self.assertEqual(digest(small), digest(os.path.join(self.into, "small")))

    def test_five_gigabytes(self):
        if not FULL:
            self.skipTest("minutes and 10 GB; cli_files_test.py GENOS --full does it")
        path = self.path("sparse")
        with open(path, "wb") as file:
            file.truncate(5 << 30)
            file.seek(3 << 30)
            file.write(b"here")
        sender, receiver = self.send(path), self.receive("--count", "1")
        self.ends(receiver, limit=900)
        self.ends(sender)
        self.assertEqual(digest(path), digest(self.path("into", "sparse")))


if __name__ == "__main__":
    tap.main()
