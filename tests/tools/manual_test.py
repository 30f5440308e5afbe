#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is written of the tool and of files is what they have: manual_test.py ROOT GENOS. TAP."""
import os
import re
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import tap

ROOT, GENOS = (os.path.abspath(path) for path in sys.argv[1:3])
del sys.argv[1:3]


def text_of(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def help_of(*words):
    return subprocess.run([GENOS, *words, "--help"], stdout=subprocess.PIPE, text=True, check=True,
                          timeout=60).stdout


def commands():
    return re.findall(r"^  (\w+)  ", help_of(), re.MULTILINE)


def first_cells(page, heading):
    """What the first table below a heading has in its first column, between backticks."""
    table = re.search(r"^(\|.*\n)+", text_of(page).split(f"\n{heading}\n", 1)[1], re.MULTILINE)
    return re.findall(r"^\| `([^`]+)`", table.group(), re.MULTILINE)


class Manual(unittest.TestCase):
    def test_the_tool_has_commands(self):
        self.assertGreater(len(commands()), 6)

    def each_names(self, path, text):
        for command in commands():
            self.assertRegex(text, rf"\b{command}\b", f"{path} has no '{command}'")
            for option in re.findall(r"--[a-z-]+", help_of(command)):
                self.assertRegex(text, rf"{option}(?![a-z-])", f"{path}: {command} {option}")

    def test_man_page(self):
        page = text_of("gst/tools/genos.1").replace("\\-", "-")
        self.each_names("genos.1", page + "--help")
        for command in ("send", "receive", "record", "transcode"):
            own = page.split(f".SH OPTIONS OF {command.upper()}\n")[1].split("\n.SH ")[0]
            listed = set(re.findall(r"^\.BI?R? .*?(--[a-z-]+)", own, re.MULTILINE))
            has = set(re.findall(r"--[a-z-]+", help_of(command).split("-r, --room")[0]))
            self.assertEqual(listed, has - {"--room", "--help"})

    def test_completions(self):
        for path in ("gst/tools/completions/genos", "gst/tools/completions/_genos"):
            self.each_names(path, text_of(path).replace("{-h,--help}", "--help"))


class Pages(unittest.TestCase):
    def test_words_of_files(self):
        code = text_of("gst/core/files/file_message.cpp")
        words = re.findall(r'\{FileWord::\w+, "([a-z-]+)"\}', code)
        self.assertGreater(len(words), 5)
        self.assertEqual(first_cells("docs/protocol.md", "### Words"), words)

    def test_members_of_an_offer(self):
        code = text_of("gst/core/files/file_message.cpp").split("bool read_offer(")[1]
        code = code.split("\n}")[0]
        members = re.findall(r'json[,.][^"]*"(\w+)"', code)
        line = re.search(r"^\| `offer` .*", text_of("docs/protocol.md"), re.MULTILINE).group()
        self.assertEqual(sorted(re.findall(r"`(\w+)`", line)), sorted([*members, "offer"]))

    def nicks(self, prefix):
        header = text_of("gst/genos/gstgenosenums.h")
        return [name.lower() for name in re.findall(rf"^  {prefix}_(\w+)", header, re.MULTILINE)]

    def test_states_and_events_of_files(self):
        self.assertEqual(first_cells("docs/library.md", "## Files"),
                         self.nicks("GST_GENOS_FILE_STATE"))
        events = re.search(r"^\| what \| the peer \|\n(\|.*\n)+", text_of("docs/files.md"),
                           re.MULTILINE).group()
        self.assertEqual(sorted([*re.findall(r"^\| `(\w+)`", events, re.MULTILINE), "sent"]),
                         sorted(self.nicks("GST_GENOS_FILE_EVENT")))


if __name__ == "__main__":
    tap.main()
