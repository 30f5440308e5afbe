#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The command-line tool as a person and a script meet it: cli_test.py GENOS GENOS-SIGNALD. TAP."""
import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import tap

GENOS = os.path.abspath(sys.argv.pop(1))
SIGNALD = os.path.abspath(sys.argv.pop(1))
OK, FAILED, USAGE, NOBODY, INTERRUPTED = 0, 1, 64, 69, 130
COMMANDS = ["peers", "chat", "ping", "pipe", "send", "receive", "broadcast", "watch",
            "record", "streams", "identity", "doctor"]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Tool(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.environment = {**os.environ, "GENOS_ICE_SERVERS": "none",
                            "GENOS_SIGNALING": f"ws://127.0.0.1:{free_port()}"}

    def path(self, name):
        return os.path.join(self.folder, name)

    def run_tool(self, *words, stdin=subprocess.DEVNULL, **options):
        return subprocess.run([GENOS, *words], stdin=stdin if "input" not in options else None,
                              capture_output=True, text=True, check=False, timeout=60,
                              env=self.environment, **options)

    def start(self, *words, stdin=subprocess.PIPE):
        process = subprocess.Popen([GENOS, *words], stdin=stdin, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True, env=self.environment)

        def stop():
            if process.poll() is None:
                process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout, process.stderr):
                if pipe:
                    pipe.close()
        self.addCleanup(stop)
        return process

    def expect(self, run, code, *words):
        """The exit code, and words that the person must see on stderr."""
        self.assertEqual(run.returncode, code, run.stdout + run.stderr)
        for word in words:
            self.assertIn(word, run.stderr)
        return run

    def make_key(self, name):
        run = self.expect(self.run_tool("identity", "new", self.path(name), "--json"), OK)
        return self.path(name), json.loads(run.stdout)["key"]


class Words(Tool):
    def test_help(self):
        run = self.expect(self.run_tool("--help"), OK)
        for command in COMMANDS:
            self.assertIn(f"\n  {command} ", run.stdout)
            own = self.expect(self.run_tool(command, "--help"), OK).stdout
            self.assertIn(f"\n  genos {command} [OPTION", own)
            self.assertIn("--json", own)
        self.assertRegex(self.expect(self.run_tool("--version"), OK).stdout, r"^genos \d+\.\d+")

    def test_wrong_usage(self):
        self.expect(self.run_tool(), USAGE, "Usage:")
        self.expect(self.run_tool("dance"), USAGE, "no command 'dance'")
        self.expect(self.run_tool("chat"), USAGE, "--room is missing")
        self.expect(self.run_tool("chat", "--rom", "x"), USAGE, "--rom", "genos chat --help")
        self.expect(self.run_tool("peers", "--room", "x", "--timeout", "-1"), USAGE, "--timeout")
        self.expect(self.run_tool("ping", "--room", "x"), USAGE, "whom to ping")
        self.expect(self.run_tool("identity", "melt", "x"), USAGE, "identity new FILE")

        for words in (["peers", "--room", "x"], ["chat", "--room", "x"], ["doctor"]):
            self.expect(self.run_tool(*words, "more"), USAGE, "'more' has no place here")
        for seconds in ("0", "nan", "inf", "1e12", "5x", ""):
            with self.subTest(timeout=seconds):
                self.expect(self.run_tool("peers", "--room", "x", "--timeout", seconds), USAGE,
                            "--timeout is a number of seconds")

    def test_names_need_no_locale(self):
        self.environment["LC_ALL"] = "C"
        self.expect(self.run_tool("peers", "--room", "grüß", "--timeout", "0.1"), NOBODY)

    def test_the_shortest_timeout(self):
        self.expect(self.run_tool("peers", "--room", "x", "--timeout", "1e-9"), NOBODY)

    def test_bad_values_say_what_to_do(self):
        bad = [(["--signaling", "http://x"], "ws"), (["--ice-servers", "x"], "stun:HOST:PORT"),
               (["--self-id", "short"], "20 letters"), (["--strict"], "genos identity new"),
               (["--room", "x" * 1025], "1024"),
               (["--name", "x" * 129], "128"),
               (["--password-file", "/nowhere/at/all"], "/nowhere/at/all"),
               (["--channel", "x" * 33], "32 bytes")]
        for words, hint in bad:
            with self.subTest(words=words[:1]):
                self.expect(self.run_tool("chat", "--room", "x", *words), USAGE, hint)
        self.expect(self.run_tool("chat", "--room", "x", "--identity", "/nowhere"), FAILED,
                    "/nowhere")


class Identities(Tool):
    def test_new_and_show(self):
        key_file = self.path("me.key")
        made = self.expect(self.run_tool("identity", "new", key_file), OK)
        self.assertEqual(stat.S_IMODE(os.stat(key_file).st_mode), 0o600)
        shown = self.expect(self.run_tool("identity", "show", key_file), OK)
        self.assertEqual(made.stdout, shown.stdout)
        self.assertRegex(shown.stdout, r"^key +[\w-]{43}\nfingerprint ")
        self.expect(self.run_tool("identity", "new", key_file), FAILED, key_file)
        self.assertEqual(self.run_tool("identity", "show", key_file).stdout, made.stdout)
        self.expect(self.run_tool("identity", "new", "--force", key_file), OK)
        self.assertNotEqual(self.run_tool("identity", "show", key_file).stdout, made.stdout)
        self.assertEqual(stat.S_IMODE(os.stat(key_file).st_mode), 0o600)

    def test_a_broken_file(self):
        with open(self.path("broken"), "w", encoding="ascii") as file:
            file.write("no key\n")
        os.chmod(self.path("broken"), 0o600)
        self.expect(self.run_tool("identity", "show", self.path("broken")), FAILED, "broken")


class Rooms(Tool):
    def test_chat_both_ways(self):
        one, two = (self.start("chat", "--room", "r", "--json") for _ in range(2))
        for process, text in ((one, "hello"), (two, "grüß dich")):
            process.stdin.write(text + "\n")
            process.stdin.flush()
        heard = [json.loads(process.stdout.readline()) for process in (one, two)]
        self.assertEqual([line["text"] for line in heard], ["grüß dich", "hello"])
        self.assertEqual({line["event"] for line in heard}, {"message"})
        one.stdin.close()
        self.assertEqual(one.wait(20), OK)
        two.send_signal(signal.SIGINT)
        self.assertEqual(two.wait(20), INTERRUPTED)
        self.assertEqual(two.stderr.read(), "")

    def test_chat_from_a_file(self):
        lines = [f"line {number}" for number in range(2000)] + ["not utf-8: \ufffd"]
        with open(self.path("lines"), "wb") as file:
            file.write("\n".join(lines[:-1]).encode() + b"\nnot utf-8: \xff\n")
        reader = self.start("chat", "--room", "r")
        with open(self.path("lines"), "rb") as file:
            writer = self.start("chat", "--room", "r", stdin=file)
        self.assertEqual(writer.wait(50), OK)
        got = [reader.stdout.readline().rstrip("\n").split(": ", 1)[1] for _ in lines]
        self.assertEqual(got, lines)

    def test_closed_stdin_is_an_empty_one(self):
        run = self.run_tool("chat", "--room", "r", "--timeout", "20", stdin=None,
                            preexec_fn=lambda: os.close(0))
        self.expect(run, OK)

    def test_nobody_comes(self):
        start = time.monotonic()
        self.expect(self.run_tool("chat", "--room", "r", "--timeout", "4",
                                  stdin=self.start("--help").stdout), NOBODY, "nobody in 'r'")
        self.assertLess(time.monotonic() - start, 20)
        self.expect(self.run_tool("peers", "--room", "r", "--timeout", "0.5"), NOBODY)
        run = self.run_tool("ping", "any", "--room", "r", "--timeout", "3.5", "--quiet")
        self.expect(run, NOBODY)
        self.assertEqual(run.stderr, "")

    def test_peers_and_ping(self):
        key_file, key = self.make_key("me.key")
        self.start("chat", "--room", "r", "--identity", key_file, "--name", "Grüß\ndich")
        run = self.expect(self.run_tool("peers", "--room", "r", "--json", "--timeout", "6"), OK)
        peer = json.loads(run.stdout.splitlines()[0])
        self.assertEqual((peer["event"], peer["genos"], peer["identity"], peer["name"]),
                         ("peer-join", True, key, "Grüß\ndich"))
        run = self.expect(self.run_tool("peers", "--room", "r", "--timeout", "6"), OK)
        self.assertIn(f"{peer['id']}  genos  'Grüß\\ndich'  {key}", run.stdout)
        words = ["ping", peer["id"], "--room", "r", "--json", "--count", "2", "--timeout", "30"]
        pongs = [json.loads(line) for line in
                 self.expect(self.run_tool(*words), OK).stdout.splitlines()]
        self.assertEqual([(pong["event"], pong["id"]) for pong in pongs],
                         [("pong", peer["id"])] * 2)
        self.assertTrue(all(0 < pong["ms"] < 5000 for pong in pongs))

    def test_passwords(self):
        for name, text in (("right", "secret\nsecond line\n"), ("wrong", "other\n")):
            with open(self.path(name), "w", encoding="ascii") as file:
                file.write(text)
        self.start("chat", "--room", "r", "--password-file", self.path("right"))
        words = ["ping", "any", "--room", "r", "--count", "1", "--password-file"]
        self.expect(self.run_tool(*words, "-", "--timeout", "30", input="secret\n"), OK)
        self.expect(self.run_tool(*words, self.path("wrong"), "--timeout", "5"), NOBODY)

    def test_a_password_that_is_none(self):
        for content in (b"", b"\nsecret\n", b"\r\n", b"a\0b\n", b"\xff\n", b"x" * 5000):
            with self.subTest(content=content[:9]), open(self.path("secret"), "wb") as file:
                file.write(content)
                file.flush()
                self.expect(self.run_tool("peers", "--room", "r", "--password-file",
                                          self.path("secret")), USAGE, "first line")
        self.expect(self.run_tool("peers", "--room", "r", "--password-file", "-"), USAGE, "empty")

    def test_password_and_lines_from_stdin(self):
        with open(self.path("secret"), "w", encoding="ascii") as file:
            file.write("secret\r\n")
        reader = self.start("chat", "--room", "r", "--password-file", self.path("secret"))
        run = self.run_tool("chat", "--room", "r", "--password-file", "-", "--timeout", "30",
                            input="secret\none\ntwo\n")
        self.expect(run, OK)
        got = [reader.stdout.readline().rstrip("\n").split(": ", 1)[1] for _ in range(2)]
        self.assertEqual(got, ["one", "two"])

    def test_nobody_writes_in_the_name_of_another(self):
        text = "a\n00b: c\x1b[2J\r\u2028\u202e\x9b\td"
        script = "\n".join([
            "import gi, sys", "gi.require_version('GstGenos', '1.0')",
            "gi.require_version('Gst', '1.0')",
            "from gi.repository import GLib, Gst, GstGenos", "Gst.init(None)",
            "room = GstGenos.Room.new('genos', 'r')", "chat = room.channel('chat')",
            "room.connect('peer-join', lambda *_: chat.send_text(sys.argv[1], None))",
            "room.join_async(None, None, None)", "GLib.MainLoop().run()"])
        if not any(os.path.exists(os.path.join(folder, "GstGenos-1.0.typelib"))
                   for folder in os.environ.get("GI_TYPELIB_PATH", "").split(":")):
            self.skipTest("built without introspection")
        sender = subprocess.Popen(["/usr/bin/python3", "-c", script, text], env=self.environment)
        self.addCleanup(sender.wait)
        self.addCleanup(sender.kill)
        plain = self.start("chat", "--room", "r").stdout.readline()
        self.assertEqual(plain.split(": ", 1)[1],
                         "a\\n00b: c\\u001b[2J\\u000d\\u2028\\u202e\\u009b\td\n")
        line = self.start("chat", "--room", "r", "--json").stdout.readline()
        self.assertEqual(json.loads(line)["text"], text)

    def test_watch_ends_in_time(self):
        self.start("chat", "--room", "r")
        self.expect(self.run_tool("peers", "--room", "r", "--watch", "--timeout", "6"), OK)

    def test_why_a_peer_left(self):
        watch = self.start("peers", "--room", "r", "--watch", "--json")
        going = self.start("chat", "--room", "r")
        self.assertEqual(json.loads(watch.stdout.readline())["event"], "peer-join")
        going.send_signal(signal.SIGINT)
        left = json.loads(watch.stdout.readline())
        self.assertEqual((left["event"], left["reason"]), ("peer-leave", "said-goodbye"))

    def test_strict_and_trusted(self):
        (mine, _), (theirs, their_key), (_, strange_key) = (
            self.make_key(name) for name in ("mine", "theirs", "strange"))
        self.start("chat", "--room", "r", "--strict", "--identity", theirs)
        words = ["ping", "any", "--room", "r", "--count", "1", "--strict", "--identity", mine]
        self.expect(self.run_tool(*words, "--trusted", their_key, "--timeout", "30"), OK)
        self.expect(self.run_tool(*words, "--trusted", strange_key, "--timeout", "5"), NOBODY,
                    "trusted")

    def test_a_mistyped_key(self):
        self.expect(self.run_tool("ping", "any", "--room", "r", "--trusted", "mistyped"), USAGE,
                    "'mistyped' is neither a key")

    def test_the_reader_goes(self):
        watch = self.start("peers", "--room", "r", "--watch")
        self.start("chat", "--room", "r")
        self.assertTrue(watch.stdout.readline())
        watch.stdout.close()
        self.start("chat", "--room", "r")
        self.assertEqual(watch.wait(30), INTERRUPTED)


class SelfSigned(Tool):
    def test_it_is_trusted_by_its_fingerprint_only(self):
        server = subprocess.Popen([SIGNALD, "--listen", "0.0.0.0:0"], stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL, text=True,
                                  env={**self.environment, "XDG_STATE_HOME": self.folder})
        self.addCleanup(server.stdout.close)
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)
        said = server.stdout.readline().strip().removeprefix("signaling=")
        self.start("chat", "--room", "r", "--signaling", said)
        words = ["ping", "any", "--room", "r", "--count", "1"]
        self.expect(self.run_tool(*words, "--timeout", "30", "--signaling", said), OK)
        address = said.partition("#")[0]
        for end, hint in (("", "#sha256="), ("#sha256=" + "0" * 64, "not the one")):
            self.expect(self.run_tool(*words, "--timeout", "5", "--signaling", address + end), NOBODY,
                        hint)


class Pipes(Tool):
    def setUp(self):
        super().setUp()
        self.mine, self.theirs = os.urandom(1_000_000), os.urandom(300_001)

    def pipe(self, stdin, name="there"):
        """Writes `stdin` to a pipe in room r; what comes goes to a file that begins with a line."""
        with open(self.path(name + ".in"), "wb") as file:
            file.write(stdin)
        with open(self.path(name), "wb") as output:
            output.write(b"before\n")
        with open(self.path(name + ".in"), "rb") as stdin_file, open(self.path(name), "ab") as output:
            process = subprocess.Popen([GENOS, "pipe", "--room", "r"], stdin=stdin_file,
                                       stdout=output, stderr=subprocess.PIPE, env=self.environment)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def test_both_ways(self):
        here, there = self.pipe(self.mine, "here"), self.pipe(self.theirs)
        self.assertEqual((here.wait(30), there.wait(30)), (OK, OK))
        self.assertEqual(self.read("there"), b"before\n" + self.mine)
        self.assertEqual(self.read("here"), b"before\n" + self.theirs)

    def test_one_that_is_cut_off(self):
        reader = self.pipe(b"", "reader")
        sender = self.start("pipe", "--room", "r")
        sender.stdin.write("beginning")
        sender.stdin.flush()
        deadline = time.monotonic() + 20
        while self.read("reader") != b"before\nbeginning":
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)
        sender.send_signal(signal.SIGINT)
        self.assertEqual(sender.wait(20), INTERRUPTED)
        self.assertEqual(reader.wait(20), FAILED)
        self.assertIn(b"not complete", reader.stderr.read())

    def test_nobody_comes(self):
        self.expect(self.run_tool("pipe", "--room", "r", "--timeout", "1"), NOBODY, "time is up")

    def test_wrong(self):
        self.expect(self.run_tool("pipe"), USAGE, "--room")
        self.expect(self.run_tool("pipe", "--room", "r", "--channel", "x" * 33), USAGE, "32 bytes")


class Demo(Tool):
    def test_it_shows_the_main_job(self):
        demo = os.path.join(os.path.dirname(GENOS), "genos-demo")
        run = subprocess.run([demo, "--seconds", "50"], capture_output=True, text=True, check=False,
                             timeout=60, env=self.environment)
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        self.assertRegex(run.stdout, r"MiB/s")
        self.assertRegex(run.stdout, r"watched: \S+ +640x360 +[1-9]\d* pieces/s")
        self.assertRegex(run.stdout, r"recording: \d+\.\d s with [1-9]\d+ pictures, .* all of it decodes")

    def test_its_page_is_there(self):
        demo = os.path.join(os.path.dirname(GENOS), "genos-demo")
        with subprocess.Popen([demo, "--seconds", "50"], stdout=subprocess.PIPE, text=True,
                              env=self.environment) as process:
            limit = threading.Timer(60, process.kill)
            limit.start()
            found = None
            for line in process.stdout:
                found = found or re.search(r"in a browser: (\S+)#room=\S+&app=genos-demo", line)
                if found and "shown to" in line:
                    with urllib.request.urlopen(found.group(1), timeout=20) as page:
                        self.assertEqual(page.headers.get_content_type(), "text/html")
            limit.cancel()
        self.assertTrue(found)
        self.assertEqual(process.returncode, 0)


class Doctor(Tool):
    def test_findings(self):
        run = self.expect(self.run_tool("doctor", "--json", "--timeout", "30"), OK)
        findings = {line["check"]: line for line in map(json.loads, run.stdout.splitlines())}
        for check in ("elements", "relay", "link"):
            self.assertEqual(findings[check]["verdict"], "ok", findings[check])
        self.assertEqual(findings["turn"]["verdict"], "warning")
        self.assertIn("clock", findings)  # compared, or it says that it was not
        self.assertTrue(findings["turn"]["advice"])

    def test_no_relay(self):
        run = self.expect(self.run_tool("doctor", "--signaling", "ws://192.0.2.1:9", "--timeout",
                                        "2"), FAILED)
        self.assertRegex(run.stdout, "FAIL relay: .*192.0.2.1")
        self.assertIn("->", run.stdout)


if __name__ == "__main__":
    tap.main()
