#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the examples of the documentation: doc_examples.py ROOT.

A fenced block whose first line is ```sh test or ```python test is run in an empty folder, with
the environment of the caller (meson gives it the built tree), and has to end with 0 in time.
"""
import os
import re
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass

SECONDS = 60
BLOCK = re.compile(r"^(```|~~~)(sh|python) test\n(.*?)^\1$", re.MULTILINE | re.DOTALL)
INTERPRETERS = {"sh": ["bash", "-euo", "pipefail"], "python": ["/usr/bin/python3"]}  # the one with gi


@dataclass
class Block:
    page: str
    line: int
    language: str
    text: str


def blocks_of(root, page):
    with open(os.path.join(root, page), encoding="utf-8") as file:
        text = file.read()
    return [Block(page, text.count("\n", 0, match.start()) + 1, match.group(2), match.group(3))
            for match in BLOCK.finditer(text)]


def run(block, seconds):
    """None when the block ended with 0, else what was wrong."""
    with tempfile.TemporaryDirectory() as folder:
        script = os.path.join(folder, "example")
        with open(script, "w", encoding="utf-8") as file:
            file.write(block.text)
        # A group of its own, so that what a block leaves running ends with it.
        process = subprocess.Popen([*INTERPRETERS[block.language], script], cwd=folder,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, start_new_session=True)
        try:
            output, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            return f"still running after {seconds} s"
        finally:
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            process.wait()
        if process.returncode == 0:
            return None
        return f"exit code {process.returncode}\n{output.decode(errors='replace')}"


def main(root):
    pages = ["README.md"] + sorted(
        os.path.relpath(os.path.join(folder, name), root)
        for folder, _, names in os.walk(os.path.join(root, "docs"))
        for name in names if name.endswith(".md"))
    blocks = [block for page in pages for block in blocks_of(root, page)]
    print(f"1..{len(blocks)}" + ("" if blocks else " # SKIP no examples"), flush=True)
    failed = False
    for number, block in enumerate(blocks, 1):
        problem = run(block, SECONDS)
        failed = failed or problem is not None
        print(f"{'not ok' if problem else 'ok'} {number} - {block.page}:{block.line}")
        if problem:
            print("".join(f"# {line}\n" for line in problem.split("\n")), end="", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
