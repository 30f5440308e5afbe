#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs every check on a tree and reports in TAP: check_tree.py ROOT [BUILD]."""
import collections
import json
import subprocess
import sys

import check_form
import check_includes
import check_links

CHECKS = {
    "includes": check_includes.check,
    "licence": check_form.check_licence,
    "size": check_form.check_size,
    "text": check_form.check_text,
    "top level": check_form.check_top_level,
    "format": check_form.check_format,
    "man pages": check_form.check_man_pages,
    "links": check_links.check,
}


def files_of(root):
    """What git has or would take; a build folder inside the tree is none of it."""
    listed = subprocess.run(["git", "-c", f"safe.directory={root}", "ls-files", "-z", "-co",
                             "--exclude-standard", "--deduplicate"],
                            cwd=root, stdout=subprocess.PIPE, check=True).stdout.decode()
    deleted = subprocess.run(["git", "-c", f"safe.directory={root}", "ls-files", "-z", "-d"],
                             cwd=root, stdout=subprocess.PIPE, check=True).stdout.decode()
    return sorted(set(listed.split("\0")) - set(deleted.split("\0")) - {""})


def check_test_names(build):
    """meson keeps a gtest program's cases in NAME.xml of one folder: a name is used once."""
    listed = subprocess.run(["meson", "introspect", "--tests", build], stdout=subprocess.PIPE,
                            check=True).stdout
    count = collections.Counter(test["name"] for test in json.loads(listed))
    return [f"test name '{name}' is used {times} times" for name, times in count.items()
            if times > 1]


def main(root, build=None):
    files = files_of(root)
    results = {name: check(root, files) for name, check in CHECKS.items()}
    if build:
        results["test names"] = check_test_names(build)
    print(f"1..{len(results)}")
    for number, (name, problems) in enumerate(results.items(), 1):
        print(f"{'not ' if problems else ''}ok {number} - {name}")
        for problem in problems:
            print(f"# {problem}")
    return 1 if any(results.values()) else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
