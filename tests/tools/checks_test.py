#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each check finds what it is there for, and only that."""
import json
import os
import sys
import tempfile
import unittest

here = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [here, os.path.join(here, "..", "support")]

import check_form
import check_includes
import check_links
import count_results
import doc_examples
import tap

LICENCE = "// " + check_form.LICENCE + "\n"


class Tree(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.root = self.folder.name

    def write(self, files):
        for path, text in files.items():
            full = os.path.join(self.root, path)
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, "w", encoding="utf-8") as file:
                file.write(text)
        return sorted(files)

    def problems(self, check, files):
        return check(self.root, self.write(files))


class Includes(Tree):
    def one(self, path, line):
        return self.problems(check_includes.check, {path: line + "\n"})

    def test_allowed(self):
        for path, line in (("gst/core/room/a.cpp", '#include "core/topology/t.hpp"'),
                           ("gst/core/room/a.cpp", "#include <vector>"),
                           ("gst/core/room/b.cpp", '#include "core/room/c.hpp"'),
                           ("gst/crypto/a.cpp", "#include <openssl/evp.h>"),
                           ("gst/net/a.cpp", "#include <libsoup/soup.h>"),
                           ("gst/link/a.cpp", "#include <net/if.h>"),
                           ("gst/tools/a.cpp", '#include "genos/gstgenosroom.h"'),
                           ("tests/core/a.cpp", '#include "net/session.hpp"')):
            with self.subTest(path=path, line=line):
                self.assertEqual(self.one(path, line), [])

    def test_refused(self):
        for path, line in (("gst/core/wire/a.cpp", '#include "core/room/node.hpp"'),
                           ("gst/core/topology/a.cpp", '#include "core/room/node.hpp"'),
                           ("gst/core/base/a.hpp", "#include <glib.h>"),
                           ("gst/core/base/a.hpp", "#include <thread>"),
                           ("gst/core/base/a.hpp", "#include <sys/socket.h>"),
                           ("gst/crypto/a.cpp", '#include "core/wire/json.hpp"'),
                           ("gst/crypto/a.cpp", "#include <gst/gst.h>"),
                           ("gst/link/a.cpp", '#include "net/session.hpp"'),
                           ("gst/link/a.cpp", "#include <libsoup/soup.h>"),
                           ("gst/genos/a.cpp", '#include "tests/support/fake.hpp"'),
                           ("gst/genos/a.cpp", '#include "../../tests/support/fake.hpp"'),
                           ("gst/genos/a.cpp", '#include "signaling/server/options.hpp"'),
                           ("plugins/a/a.cpp", '#include "link/peer_link.hpp"'),
                           ("plugins/a/a.cpp", "  #  include \"../../gst/net/session.hpp\"")):
            with self.subTest(path=path, line=line):
                known = self.write({"signaling/server/options.hpp": "",
                                    "gst/net/session.hpp": "", "tests/support/fake.hpp": ""})
                found = check_includes.check(self.root, known + self.write({path: line}))
                self.assertEqual(len(found), 1)


class Form(Tree):
    def test_licence(self):
        found = self.problems(check_form.check_licence,
                              {"gst/a.cpp": "int a;\n", "gst/b.cpp": LICENCE, "docs/c.md": "x"})
        self.assertEqual([line.split(":")[0] for line in found], ["gst/a.cpp"])

    def test_size(self):
        long = "\n" * (check_form.MOST_LINES + 1)
        found = self.problems(check_form.check_size, {"gst/a.cpp": long, "gst/b.cpp": long[1:]})
        self.assertEqual(len(found), 1)

    def test_text(self):
        found = self.problems(check_form.check_text, {
            "gst/a.cpp": "// TO" + "DO later\n", "docs/a.md": "see /wo" + "rk/main\n",
            "docs/b.md": "see ../sh" + "ared/x\n", "docs/c.md": "in your network/work/place\n"})
        self.assertEqual(len(found), 3, found)

    def test_top_level(self):
        found = check_form.check_top_level("", ["src/a.cpp", "gst/a.cpp", ".ci/run", "README.md"])
        self.assertEqual(len(found), 1)

    def test_format(self):
        found = self.problems(check_form.check_format, {
            ".clang-format": "BasedOnStyle: Google\n", "gst/a.cpp": "int   a ;\n",
            "gst/b.cpp": "int b;\n"})
        self.assertEqual([line.split(":")[0] for line in found], ["gst/a.cpp"])

    def test_man_pages(self):
        good = '.TH GENOS 1\n.SH NAME\ngenos \\- rooms\n'
        found = self.problems(check_form.check_man_pages,
                              {"docs/a.1": good, "docs/b.1": good + ".NOSUCHMACRO x\n"})
        self.assertEqual([line.split(":")[0] for line in found], ["docs/b.1"])


class Links(Tree):
    def test_links(self):
        found = self.problems(check_links.check, {
            "docs/a.md": "# Start here\n## `dev` and so on\n[up](../README.md) [b](b.md#the-end)\n"
                         "[self](#dev-and-so-on) [net](https://example.org/)\n"
                         "```\n[code](nowhere)\n```\n",
            "docs/b.md": "## The end\n[gone](c.md) [no](a.md#nothing) [no](#nothing)\n",
            "README.md": "[docs](docs/)\n"})
        self.assertEqual(len(found), 3, found)


class Examples(Tree):
    def test_blocks(self):
        page = "```sh test\ntrue\n```\n```sh\nfalse\n```\n~~~python test\nimport os\n~~~\n"
        self.write({"docs/a.md": page})
        blocks = doc_examples.blocks_of(self.root, "docs/a.md")
        self.assertEqual([(b.line, b.language, b.text) for b in blocks],
                         [(1, "sh", "true\n"), (7, "python", "import os\n")])

    def test_run(self):
        good = doc_examples.Block("a.md", 1, "sh", "true | cat\n")
        bad = doc_examples.Block("a.md", 1, "sh", "false | cat\n")
        slow = doc_examples.Block("a.md", 1, "sh", "exec tail -f /dev/null\n")
        self.assertIsNone(doc_examples.run(good, 10))
        self.assertIn("exit code 1", doc_examples.run(bad, 10))
        self.assertIn("still running", doc_examples.run(slow, 0.2))


class Counting(Tree):
    def total(self, results, junit=None):
        files = {"log.json": "".join(json.dumps({"name": name, "result": result}) + "\n"
                                     for name, result in results)}
        if junit:
            files["log.junit.xml"] = junit
        self.write(files)
        total, _ = count_results.total_of([os.path.join(self.root, "log")])
        return total.passed, total.failed, total.skipped

    def test_programs(self):
        self.assertEqual(self.total([("a", "OK"), ("core / b", "FAIL"), ("c", "TIMEOUT"),
                                     ("d", "SKIP")]), (1, 2, 1))

    def test_cases(self):
        junit = ('<testsuites><testsuite name="genos.b.Json"><testcase name="1"/><testcase name="2">'
                 '<failure/></testcase><testcase name="3"><skipped/></testcase></testsuite>'
                 '<testsuite name="genos.b.Utf8"><testcase name="1"/></testsuite></testsuites>')
        self.assertEqual(self.total([("core / b", "FAIL")], junit), (2, 1, 1))

    def test_crash_after_the_last_case(self):
        junit = '<testsuites><testsuite name="genos.b"><testcase name="1"/></testsuite></testsuites>'
        self.assertEqual(self.total([("b", "FAIL")], junit), (1, 1, 0))

    def test_no_log_is_no_pass(self):
        total, _ = count_results.total_of([os.path.join(self.root, "nothing")])
        self.assertEqual(total.passed, 0)


if __name__ == "__main__":
    tap.main()
