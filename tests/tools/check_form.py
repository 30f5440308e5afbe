# SPDX-License-Identifier: LGPL-2.1-or-later
"""The outer form of files: licence line, size, names of machines, format, man pages."""
import os
import re
import shutil
import subprocess

LICENCE = "SPDX-License-Identifier: LGPL-2.1-or-later"
CODE = (".cpp", ".hpp", ".c", ".h")
LICENSED = CODE + (".py", ".sh", ".js", ".mjs", ".ts", "meson.build", "gst/tools/dev", ".ci/run")
MOST_LINES = 440  # about 400, and a tenth of grace
TOP_LEVEL = {"meson.build", "meson_options.txt", "README.md", "gst", "plugins", "signaling",
             "tests", "docs"}
MACHINE_PATH = re.compile(r"(?<![\w.-])/(?:work|farm|home/\w+)/|\.\./shared\b")
UNFINISHED = re.compile(r"\b(?:TO[D]O|FIX[M]E|X[X]X)\b")


def text_of(root, path):
    with open(os.path.join(root, path), encoding="utf-8", errors="replace") as file:
        return file.read()


def check_licence(root, files):
    """The first lines name the licence."""
    return [f"{path}: '{LICENCE}' is not in the first three lines" for path in files
            if path.endswith(LICENSED)
            and LICENCE not in "\n".join(text_of(root, path).split("\n")[:3])]


def check_size(root, files):
    """A file is one thing."""
    sizes = ((path, text_of(root, path).count("\n")) for path in files
             if path.endswith(CODE + (".py", ".sh", ".js", ".mjs", ".ts")))
    return [f"{path}: {lines} lines, at most {MOST_LINES}: split it by thing"
            for path, lines in sizes if lines > MOST_LINES]


def check_text(root, files):
    """Nothing names a machine; nothing is left unfinished."""
    problems = []
    for path in files:
        if "/corpus/" in path or path.endswith((".png", ".bin", ".pcap")):
            continue
        for number, line in enumerate(text_of(root, path).split("\n"), 1):
            if MACHINE_PATH.search(line):
                problems.append(f"{path}:{number}: names a path of one machine")
            if path.endswith(CODE) and UNFINISHED.search(line):
                problems.append(f"{path}:{number}: unfinished")
    return problems


def check_top_level(_root, files):
    """Nothing is added to the top level."""
    tops = {path.split("/")[0] for path in files}
    return [f"{top}: not at the top level" for top in sorted(tops)
            if top not in TOP_LEVEL and not top.startswith(".")]


def check_format(root, files):
    """clang-format leaves every source as it is."""
    sources = [path for path in files if path.endswith(CODE)]
    if not sources:
        return []
    formatter = shutil.which("clang-format-14") or shutil.which("clang-format")
    if formatter is None:
        return ["clang-format-14 is missing: run gst/tools/dev setup"]
    run = subprocess.run([formatter, "--dry-run", "-Werror", *sources], cwd=root,
                         stderr=subprocess.PIPE, text=True, check=False)
    wrong = {line.split(":")[0] for line in run.stderr.split("\n") if ": error:" in line}
    return [f"{path}: run clang-format-14 -i on it" for path in sorted(wrong)]


def check_man_pages(root, files):
    """man renders every page without a warning."""
    problems = []
    for path in files:
        if not re.search(r"\.[1-8](\.in)?$", path) or "/corpus/" in path:
            continue
        run = subprocess.run(["man", "--warnings=w", "-Tutf8", "-Z", "-l", path], cwd=root,
                             stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                             env={**os.environ, "LC_ALL": "C.UTF-8", "MANWIDTH": "80"},
                             check=False)
        problems += [f"{path}: {line}" for line in run.stderr.strip().split("\n") if line]
    return problems
