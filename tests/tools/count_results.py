#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Sums what `meson test --logbase NAME` wrote and closes with 'N passed, N failed'.

Counts single cases where the protocol gives them (gtest, TAP), else the program. What meson says
of the program wins: one that crashed after its last case has failed.
"""
import argparse
import json
import os
import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass


@dataclass
class Count:
    passed: int = 0
    failed: int = 0
    skipped: int = 0


def cases_of(junit_path):
    """The cases of each test program, by the names that meson gives its JUnit suites."""
    found = {}
    if not os.path.exists(junit_path):
        return found
    for suite in ElementTree.parse(junit_path).getroot().iter("testsuite"):
        parts = suite.get("name", "").split(".")
        if len(parts) < 2:
            continue  # the suite that meson makes of programs without cases
        count = found.setdefault(parts[1], Count())
        for case in suite.iter("testcase"):
            if case.find("failure") is not None or case.find("error") is not None:
                count.failed += 1
            elif case.find("skipped") is not None or case.get("status") == "notrun":
                count.skipped += 1
            else:
                count.passed += 1
    return found


def count_program(run, cases):
    result = run["result"]
    if result == "SKIP":
        return Count(skipped=1)
    good = result in ("OK", "EXPECTEDFAIL")
    count = cases.get(run["name"].split(" / ")[-1].split(":")[-1])
    if count is None or count.passed + count.failed + count.skipped == 0:
        return Count(passed=int(good), failed=int(not good))
    if not good and count.failed == 0:
        return Count(count.passed, 1, count.skipped)
    return count


def total_of(bases):
    total, names = Count(), []
    for base in bases:
        if not os.path.exists(base + ".json"):
            continue  # meson found no test in this suite
        cases = cases_of(base + ".junit.xml")
        with open(base + ".json", encoding="utf-8") as lines:
            for run in map(json.loads, lines):
                count = count_program(run, cases)
                total.passed += count.passed
                total.failed += count.failed
                total.skipped += count.skipped
                if count.failed or count.skipped:
                    names.append(f"{run['name']}: {count.failed} failed, {count.skipped} skipped")
    return total, names


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--no-skips", action="store_true", help="a skipped test has failed")
    parser.add_argument("bases", nargs="+", help="the logs' paths without .json and .junit.xml")
    options = parser.parse_args()
    total, names = total_of(options.bases)
    if options.no_skips:
        total = Count(total.passed, total.failed + total.skipped)
    for name in names:
        print(name)
    skipped = f", {total.skipped} skipped" if total.skipped else ""
    print(f"{total.passed} passed, {total.failed} failed{skipped}")
    return 0 if total.failed == 0 and total.passed > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
