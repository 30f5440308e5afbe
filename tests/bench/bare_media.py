# SPDX-License-Identifier: LGPL-2.1-or-later
"""The floors of `bench viewers` and `bench meeting`: two processes of bare_media.cpp."""
import os
import subprocess
import threading


def bare(build, roles, count):
    """A process for each role, with so many webrtcbins; what the one says is handed to the other."""
    program = os.path.join(build, "tests", "bench", "bench_bare_media")

    def carry(source, target):
        for line in source.stdout:
            target.stdin.write(line)
            target.stdin.flush()

    ends = [subprocess.Popen([program, role, str(count)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL) for role in roles]
    for pair in (ends, ends[::-1]) if len(ends) > 1 else ():
        threading.Thread(target=carry, args=pair, daemon=True).start()
    return ends
