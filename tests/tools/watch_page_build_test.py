#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Without Node, or without the packages, the build goes on with a page that says what to install."""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

here = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(here, "..", "support")]

import tap

SOURCE = pathlib.Path(here).parent.parent / "signaling" / "page"


class Building(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def build(self, *words):
        """The exit code, what was said, and the pages by path."""
        output = self.folder / "data.cpp"
        run = subprocess.run([sys.executable, SOURCE / "build.py", "--source", SOURCE, "--work",
                              self.folder / "work", "--output", output, *words], text=True,
                             stderr=subprocess.PIPE, check=False)
        text = output.read_text() if output.exists() else ""
        arrays = {name: bytes(map(int, re.findall(r"\d+", numbers))) for name, numbers in
                  re.findall(r"(file_\d+)\[\] = \{([^}]*)\}", text)}
        rows = re.findall(r'\{"([^"]+)", "[^"]+", \{reinterpret_cast<const char\*>\((\w+)\)', text)
        return run.returncode, run.stderr, {path: arrays[name] for path, name in rows}

    def says_what_to_install(self, pages):
        self.assertEqual(sorted(pages), ["/", "/watch.css", "/watch.svg"])
        page = pages["/"].decode()
        self.assertIn("apt install nodejs npm", page)
        self.assertIn("<h1>{{name}}</h1>", page)
        self.assertNotIn("<script", page)
        self.assertEqual(pages["/watch.css"], (SOURCE / "style.css").read_bytes())

    def test_without_node(self):
        code, said, pages = self.build()
        self.assertEqual(code, 0)
        self.assertIn("node and npm were not found", said)
        self.says_what_to_install(pages)

    def test_without_the_packages(self):
        code, said, pages = self.build("--node", "/bin/false", "--npm", "/bin/false")
        self.assertEqual(code, 0)
        self.assertIn("/bin/false ci", said)
        self.says_what_to_install(pages)

    def test_without_what_was_asked_for(self):
        code, said, pages = self.build("--required")
        self.assertEqual((code, pages), (1, {}))
        self.assertIn("The watch page is left out", said)

    def test_a_mistake_in_the_sources_is_an_error(self):
        node = self.folder / "node"
        node.write_text('#!/bin/sh\n[ "$2" = --version ]\n')
        node.chmod(0o755)
        code, said, pages = self.build("--node", node, "--npm", "/bin/true")
        self.assertEqual((code, pages), (1, {}))
        self.assertIn("main.js", said)

    def test_a_node_that_is_too_old(self):
        code, _, pages = self.build("--node", "/bin/false", "--npm", "/bin/true")
        self.assertEqual(code, 0)
        self.says_what_to_install(pages)

    def test_the_source_tree_stays_as_it_is(self):
        before = sorted(SOURCE.rglob("*"))
        self.build("--node", "/bin/false", "--npm", "/bin/false")
        self.assertEqual(sorted(SOURCE.rglob("*")), before)


if __name__ == "__main__":
    tap.main()
