# SPDX-License-Identifier: LGPL-2.1-or-later
"""Two bare webrtcbins in two hosts of the lab, whose signals take no time."""
import os
import subprocess
import sys
import threading


class Bare:
    """One end (bare_end.cpp); what it signals is handed to the other at once."""

    def __init__(self, build, host, role):
        program = os.path.join(build, "tests", "bench", "bench_bare_end")
        self.process = host.popen([program, role], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL, text=True)
        self.told = {}
        self.news = threading.Condition()

    def begin(self, other):
        threading.Thread(target=self.read, args=[other], daemon=True).start()

    def read(self, other):
        for line in self.process.stdout:
            word, rest = line.strip().split(" ", 1)
            if word in ("sdp", "ice"):
                other.say(line)
                continue
            with self.news:
                self.told[word] = int(rest)
                self.news.notify_all()

    def say(self, line):
        self.process.stdin.write(line)
        self.process.stdin.flush()

    def wait(self, word, limit=30):
        with self.news:
            if not self.news.wait_for(lambda: word in self.told, limit):
                sys.exit(f"a bare webrtcbin never said '{word}'")
            return self.told[word]


def bare_pair(build, hosts):
    """The offering one first; wait for their 'open'."""
    ends = [Bare(build, host, role) for host, role in zip(hosts, ("offer", "answer"))]
    ends[0].begin(ends[1])
    ends[1].begin(ends[0])
    for end in ends:
        end.wait("ready")
    ends[0].say("go\n")
    return ends
