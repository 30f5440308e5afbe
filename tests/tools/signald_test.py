#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The server as an operator meets it: signald_test.py GENOS-SIGNALD QR-CODE. TAP."""
import base64
import hashlib
import json
import os
import pty
import signal
import socket
import ssl
import stat
import struct
import subprocess
import sys
import tempfile
import unittest
import urllib.error
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import tap

SIGNALD = os.path.abspath(sys.argv.pop(1))
HAS_QR_CODE = sys.argv.pop(1) == "true"
OK, USAGE, NO_INPUT, UNAVAILABLE, CANNOT_CREATE = 0, 64, 66, 69, 73


class Server(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.environment = {**os.environ, "XDG_STATE_HOME": self.path("state"), "LC_ALL": "C"}

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def refuses(self, code, hint, *words):
        run = subprocess.run([SIGNALD, *words], capture_output=True, text=True, check=False,
                             timeout=30, env=self.environment)
        self.assertEqual(run.returncode, code, run.stdout + run.stderr)
        self.assertIn(hint, run.stderr)

    def start(self, *words, **options):
        """Runs until the test ends; returns it and host:port of its first address."""
        process = subprocess.Popen([SIGNALD, *words], stderr=subprocess.PIPE, text=True,
                                   **{"stdout": subprocess.PIPE, "env": self.environment, **options})

        def stop():
            process.kill()
            process.wait()
            for pipe in filter(None, (process.stdout, process.stderr)):
                pipe.close()
        self.addCleanup(stop)
        if process.stdout is None:
            return process, None
        said = process.stdout.readline().strip()
        self.assertRegex(said, r"^signaling=wss?://.*:\d+(#sha256=[0-9a-f]{64})?$")
        process.page = process.stdout.readline().strip()
        at, _, process.pin = said.split("//")[1].partition("#sha256=")
        return process, at

    def ends(self, process):
        """It was sent SIGTERM once."""
        self.assertEqual(process.wait(20), OK)
        log = process.stderr.read()
        self.assertRegex(log, r"(?s)^ready\n.*stopping: connections=\d\nstopped\n$")
        return log

    def get(self, url, **headers):
        trust = ssl._create_unverified_context()  # pylint: disable=protected-access
        request = urllib.request.Request(url, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=10, context=trust) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refusal:
            with refusal:
                return refusal.code, ""

    def websocket(self, authority, *headers):
        """The socket and the first line of the answer."""
        host, port = authority.rsplit(":", 1)
        client = socket.create_connection((host, int(port)), timeout=10)
        self.addCleanup(client.close)
        key = base64.b64encode(os.urandom(16)).decode()
        client.sendall("\r\n".join([
            "GET / HTTP/1.1", f"Host: {authority}", "Upgrade: websocket", "Connection: Upgrade",
            f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13", *headers, "", ""]).encode())
        answer = b""
        while not answer.endswith(b"\r\n\r\n"):
            some = client.recv(1)
            if not some:
                break
            answer += some
        return client, answer.split(b"\r\n")[0].decode()

    def make_certificate(self, name):
        files = self.path(name + ".crt"), self.path(name + ".key")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                        f"/CN={name}", "-out", files[0], "-keyout", files[1]],
                       check=True, capture_output=True)
        return files


class Words(Server):
    def test_help_and_version(self):
        for word, text in (("--help", "--listen HOST:PORT"), ("--version", "genos-signald ")):
            run = subprocess.run([SIGNALD, word], capture_output=True, text=True, check=True)
            self.assertIn(text, run.stdout)

    def test_wrong_usage(self):
        for words in (["--bogus"], ["more"], ["--listen"], ["--listen", "host.example:1"],
                      ["--listen", "127.0.0.1"], ["--listen", "127.0.0.1:65536"],
                      ["--listen=127.0.0.1:-1"], ["--rate", "0"], ["--rate", "1e3"],
                      ["--max-message", "1023"], ["--max-message", "524289"],
                      ["--max-connections", "x"], ["--name", ""], ["--tls-key", "x"],
                      ["--no-tls", "--tls-cert", "x"]):
            with self.subTest(words=words):
                self.refuses(USAGE, words[0].split("=")[0], *words)

    def test_what_is_not_there(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            self.refuses(UNAVAILABLE, f"port {port}", "--listen", f"127.0.0.1:{port}")
        self.refuses(UNAVAILABLE, "192.0.2.77", "--listen", "192.0.2.77:0")
        self.refuses(NO_INPUT, "/nowhere", "--tls-cert", "/nowhere")
        (one, _), (_, other) = self.make_certificate("one"), self.make_certificate("other")
        self.refuses(NO_INPUT, other, "--tls-cert", other)
        self.refuses(NO_INPUT, "no key in it", "--tls-cert", one)
        self.refuses(NO_INPUT, "another certificate", "--tls-cert", one, "--tls-key", other)
        self.environment["XDG_STATE_HOME"] = "/proc/nowhere"
        self.refuses(CANNOT_CREATE, "/proc/nowhere", "--listen", "0.0.0.0:0")


class Serving(Server):
    def test_pages(self):
        process, at = self.start("--listen", "127.0.0.1:0", "--name", 'a"b<c', "--max-message",
                                 "2048")
        self.assertEqual(process.page, f"http://{at}/")
        status, text = self.get(process.page, Accept="application/nostr+json")
        info = json.loads(text)
        self.assertEqual((status, info["name"], info["limitation"]["max_message_length"]),
                         (200, 'a"b<c', 2048))
        self.assertIn("<h1>a&quot;b&lt;c</h1>", self.get(process.page)[1])
        self.websocket(at)
        self.assertEqual(json.loads(self.get(process.page + "health")[1])["connections"], 1)
        self.assertIn("\ngenos_relay_connections 1\n", self.get(process.page + "metrics")[1])
        self.assertEqual(self.get(process.page + "nothing")[0], 404)

    def test_clean_shutdown(self):
        process, at = self.start("--listen", "127.0.0.1:0")
        client, status = self.websocket(at)
        self.assertIn(" 101 ", status)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(client.recv(2)[0], 0x88)  # the last frame: close
        self.assertEqual(client.recv(2), struct.pack("!H", 1001))  # going away
        client.sendall(b"\x88\x82\0\0\0\0" + struct.pack("!H", 1001))
        self.assertIn("stopping: connections=1", self.ends(process))

    def test_origins(self):
        _, at = self.start("--listen", "127.0.0.1:0", "--origin", "https://app.example")
        for origin, code in (("https://app.example", 101), ("https://other.example", 403),
                             ("null", 403), (None, 101)):
            with self.subTest(origin=origin):
                headers = [f"Origin: {origin}"] if origin else []
                self.assertIn(f" {code} ", self.websocket(at, *headers)[1])

    def test_own_certificate_is_kept(self):
        seen = set()
        for _ in range(2):
            process, at = self.start("--listen", "0.0.0.0:0", "--listen", "127.0.0.1:0")
            port = at.rsplit(":", 1)[1]
            self.assertRegex(process.stdout.readline(), r"^signaling=ws://127.0.0.1:\d+$")
            process.stdout.readline()
            said = process.stdout.readline().split()[-1].replace(":", "").lower()
            served = ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate(("127.0.0.1", int(port))))
            self.assertEqual(hashlib.sha256(served).hexdigest(), said)
            self.assertEqual(process.pin, said)
            self.assertEqual(self.get(f"https://127.0.0.1:{port}/health")[0], 200)
            process.send_signal(signal.SIGTERM)
            self.ends(process)
            seen.add(said)
        self.assertEqual(len(seen), 1)
        kept = self.path("state", "genos-signald", "tls.pem")
        self.assertEqual(stat.S_IMODE(os.stat(kept).st_mode), 0o600)

    def test_certificate_from_files(self):
        certificate, key = self.make_certificate("localhost")
        with open(self.path("both"), "w", encoding="ascii") as both:
            for name in (certificate, key):
                with open(name, encoding="ascii") as part:
                    both.write(part.read())
        for words in (["--tls-cert", certificate, "--tls-key", key],
                      ["--tls-cert", self.path("both")]):
            process, _ = self.start("--listen", "127.0.0.1:0", *words)
            self.assertRegex(process.page, "^https://127")
            self.assertEqual(process.pin, "")
            self.assertEqual(self.get(process.page + "health")[0], 200)
        self.assertFalse(os.path.exists(self.path("state")))

    @unittest.skipUnless(HAS_QR_CODE, "built without libqrencode")
    def test_qr_code_on_a_terminal(self):
        for locale, mark in (("C.UTF-8", "▀"), ("C", "\033[107m")):
            with self.subTest(locale=locale):
                ours, theirs = pty.openpty()
                process, _ = self.start("--listen", "0.0.0.0:0", "--no-tls", stdout=theirs,
                                        env={**self.environment, "LC_ALL": locale})
                self.assertEqual(process.stderr.readline(), "ready\n")
                os.close(theirs)
                text = os.read(ours, 1 << 16).decode()
                os.close(ours)
                self.assertIn(mark, text)
                self.assertEqual("▀" in text, locale != "C")


if __name__ == "__main__":
    tap.main()
