# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the benchmarks of rooms share: processes of peers, a relay, CPU and memory, figures."""
import json
import os
import queue
import random
import statistics
import subprocess
import sys
import threading
import time

TICK = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


def build_dir():
    if len(sys.argv) < 2:
        sys.exit(f"usage: {sys.argv[0]} BUILD_DIR")
    return os.path.abspath(sys.argv[1])


def free_port():
    return random.randint(20000, 45000)


class Process:
    """Some peers. `wait(event)` gives the next such event."""

    def __init__(self, build, signaling, activity="send+receive", wrap=()):
        program = os.path.join(build, "tests", "bench", "bench_member")
        self.process = subprocess.Popen([*wrap, program, activity], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                                        env=dict(os.environ, GENOS_SIGNALING=signaling))
        self.events = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.events.put(json.loads(line))

    def say(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def wait(self, event, limit=30):
        end = time.monotonic() + limit
        while True:
            left = end - time.monotonic()
            if left <= 0:
                sys.exit(f"no '{event}' within {limit} s")
            try:
                got = self.events.get(timeout=left)
            except queue.Empty:
                continue
            if got["event"] == event:
                return got

    def cpu_seconds(self):
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def rss_kib(self):
        with open(f"/proc/{self.process.pid}/statm", encoding="ascii") as statm:
            return int(statm.read().split()[1]) * PAGE // 1024

    def end(self):
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Relay:
    def __init__(self, build, *options):
        program = os.path.join(build, "signaling", "server", "genos-signald")
        self.process = subprocess.Popen([program, "--listen", "127.0.0.1:0", *options],
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        for line in self.process.stdout:
            if line.startswith("signaling="):
                self.uri = line.strip().removeprefix("signaling=")
                return
        sys.exit("genos-signald did not start")

    def end(self):
        self.process.terminate()
        self.process.wait()


class Figures:
    def __init__(self):
        self.rows = []

    def add(self, name, value, unit, **more):
        row = {"figure": name, "value": round(value, 3), "unit": unit, **more}
        print(json.dumps(row), flush=True)
        self.rows.append(row)

    def spread(self, name, values, unit):
        self.add(name, statistics.median(values), unit, min=round(min(values), 3),
                 max=round(max(values), 3), runs=len(values))

    def table(self):
        print()
        for row in self.rows:
            extra = ", ".join(f"{k} {v}" for k, v in row.items()
                              if k not in ("figure", "value", "unit"))
            print(f"{row['figure']:<52} {row['value']:>12} {row['unit']:<8} {extra}")
