# SPDX-License-Identifier: Apache-2.0
"""Scenarios: each in a directory of its own, each a line, and counted at the end."""

import argparse
import os
import shutil
import subprocess
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.normpath(f"{HERE}/../..")
TREES = os.environ.get("STRAKE_TREES", f"{ROOT}/build/trees")


def run(*words, **more):
    return subprocess.run(words, check=False, capture_output=True, text=True, timeout=300, **more)


def must(*words, **more):
    done = run(*words, **more)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(words)}: {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout


def demand(holds, what):
    if not holds:
        raise AssertionError(what)


def said(scene):
    return scene.__name__.replace("_", " ")


def arguments(description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--binary", default=f"{ROOT}/build/release/strake", type=os.path.realpath)
    parser.add_argument("--only", help="scenarios with this in their names")
    parser.add_argument("--keep", help="leave what failed in this directory")
    return parser


def missing(*programs):
    """The first of them that this machine does not have."""
    return next((program for program in programs
                 if not shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")), None)


def make_tree(suite, name="", packages=""):
    """0, or why not: the exit status of make-tree."""
    words = [f"{HERE}/make-tree", suite, f"{TREES}/{name or suite}"]
    if packages:
        words.append(packages)
    return subprocess.run(words, check=False).returncode


class Tally:
    def __init__(self, options):
        self.options, self.passed, self.failed = options, 0, 0

    def play(self, name, scene):
        """`scene` is given its directory."""
        if self.options.only and self.options.only not in name:
            return
        with tempfile.TemporaryDirectory(prefix="scenario-", ignore_cleanup_errors=True) as work:
            try:
                scene(work)
                self.passed += 1
                print(f"ok {name}", flush=True)
            except Exception as wrong:  # pylint: disable=broad-except # the others are played still
                self.failed += 1
                print(f"FAILED: {name}: {type(wrong).__name__}: {wrong}", flush=True)
                if self.options.keep:
                    shutil.copytree(work, f"{self.options.keep}/{name.replace(' ', '_')}",
                                    symlinks=True, ignore=shutil.ignore_patterns("S.*"))

    def end(self):
        """The exit status; that nothing was played is a failure."""
        print(f"{self.passed} passed, {self.failed} failed")
        return 1 if self.failed or not self.passed else 0
