# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who may include whom. The tables are the rule; docs/architecture.md says why."""
import os
import re

BASE = ["core/base"]
WIRE = BASE + ["core/wire"]
CORE = WIRE + ["core/topology", "core/channel", "core/relay", "core/negotiation", "core/room",
               "core/files", "core/rtp", "core/congestion", "core/ladder"]
SHELL = CORE + ["crypto", "bridge"]

# Room of the house -> the rooms whose headers it may include, beside its own.
ROOMS = {
    "core/base": [],
    "core/wire": BASE,
    "core/topology": WIRE,
    "core/channel": WIRE,
    "core/relay": WIRE,
    "core/negotiation": WIRE,
    "core/room": WIRE + ["core/topology", "core/channel"],
    "core/files": WIRE,
    "core/rtp": BASE,
    "core/congestion": BASE + ["core/rtp"],
    "core/ladder": BASE + ["core/rtp", "core/congestion"],
    "crypto": BASE,
    "bridge": CORE,
    "net": SHELL,
    "link": SHELL,
    "files": SHELL,
    "jobs": BASE,
    "genos": SHELL + ["net", "link", "files", "jobs"],
    "tools": ["genos", "bridge", "jobs"] + CORE,
    "plugins": ["genos", "bridge"] + CORE,
    "signaling/server": SHELL + ["net", "genos"],
}

# Library, by how its headers begin -> the rooms that may use it.
GLIB = ["bridge", "net", "link", "files", "jobs", "genos", "tools", "plugins",
        "signaling/server"]
LIBRARIES = {
    "gst/": GLIB,
    "glib": GLIB,
    "gio/": GLIB,
    "json-glib/": ["bridge", "genos", "tools", "signaling/server"],
    "libsoup/": ["net", "signaling/server"],
    "openssl/": ["crypto"],
    "sodium": ["crypto"],
    "secp256k1": ["crypto"],
    "sqlite3": ["jobs"],
}

# What the core may not even take from the standard library: clocks, threads, files, streams.
NOT_IN_CORE = {"thread", "mutex", "shared_mutex", "condition_variable", "future", "iostream",
               "fstream", "filesystem", "stop_token", "csignal", "ctime"}

INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]', re.MULTILINE)


def room_of(path):
    """The room that a file of the tree is in, or None where everything is allowed (tests)."""
    inside = path[len("gst/"):] if path.startswith("gst/") else path
    for room in sorted(ROOMS, key=len, reverse=True):
        if inside.startswith(room + "/"):
            return room
    return None


def target_room(path, bracket, name, files):
    """The room that an include leads to; None when it is no file of ours."""
    beside = os.path.normpath(os.path.join(os.path.dirname(path), name))
    for candidate in (beside, "gst/" + name, name):
        if candidate in files:
            return "tests" if candidate.startswith("tests/") else room_of(candidate)
    return room_of("gst/" + name) if bracket == '"' else None  # <net/if.h> is the system's


def problem_of(room, path, bracket, name, files):
    target = target_room(path, bracket, name, files)
    if target is not None:
        if target == room or target in ROOMS[room]:
            return None
        return f"{room} may not include {target}"
    for library, users in LIBRARIES.items():
        if name.startswith(library) and room not in users:
            return f"{library.rstrip('/')} is not for {room}"
    if room.startswith("core/") and (bracket == '"' or "/" in name or name.endswith(".h")
                                     or name in NOT_IN_CORE):
        return "the core has only the standard library, without clock, thread and stream"
    return None


def check(root, files):
    problems = []
    known = set(files)
    for path in files:
        room = room_of(path)
        if room is None or not path.endswith((".cpp", ".hpp", ".c", ".h")):
            continue
        with open(os.path.join(root, path), encoding="utf-8") as source:
            for bracket, name in INCLUDE.findall(source.read()):
                problem = problem_of(room, path, bracket, name, known)
                if problem:
                    problems.append(f"{path}: {name}: {problem}")
    return problems
