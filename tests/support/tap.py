# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs unittest cases and reports them in TAP, so that each is counted: `tap.main()`."""
import sys
import unittest


class TapResult(unittest.TestResult):
    def __init__(self, stream):
        super().__init__()
        self.tap = stream
        self.number = 0

    def line(self, good, test, note=""):
        self.number += 1
        self.tap.write(f"{'ok' if good else 'not ok'} {self.number} - {test.id()}{note}\n")
        self.tap.flush()

    def addSuccess(self, test):
        self.line(True, test)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.line(True, test, f" # SKIP {reason}")

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.report(test, self.failures[-1][1])

    def addError(self, test, err):
        super().addError(test, err)
        self.report(test, self.errors[-1][1])

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self.report(subtest, (self.failures + self.errors)[-1][1])

    def report(self, test, text):
        self.line(False, test)
        # meson shows no comments of a program that failed
        sys.stderr.write(f"{test.id()}\n{text.rstrip()}\n")
        sys.stderr.flush()


def main():
    """Runs the cases of the calling script; a name given as argument chooses some."""
    loader = unittest.TestLoader()
    module = sys.modules["__main__"]
    cases = loader.loadTestsFromNames(sys.argv[1:], module) if sys.argv[1:] else \
        loader.loadTestsFromModule(module)
    print(f"1..{cases.countTestCases()}", flush=True)
    result = TapResult(sys.stdout)
    cases.run(result)
    sys.exit(0 if result.wasSuccessful() else 1)
