# SPDX-License-Identifier: Apache-2.0
"""A program under strace, which makes one of its system calls fail, or kills it there."""

import collections
import os
import random
import re
import signal
import subprocess

TIMEOUT_SECONDS = 120


def possible():
    """Whether strace may trace here."""
    try:
        return subprocess.run(["strace", "--output=/dev/null", "true"], check=False,
                              capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


def traced(command, name, befalls, ordinal, environment=None):
    """(exit status as a shell gives it, what the program said)"""
    run = subprocess.Popen(["strace", "--follow-forks", "--quiet=all", "--output=/dev/null",
                            f"--inject={name}:{befalls}:when={ordinal}", *command],
                           text=True, errors="replace", start_new_session=True, env=environment,
                           stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE)
    try:
        _, said = run.communicate(timeout=TIMEOUT_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(run.pid, signal.SIGKILL)
        _, said = run.communicate()
        return "none: it hangs", said.strip()
    return (128 - run.returncode if run.returncode < 0 else run.returncode), said.strip()


def calls_of(command, names, starts, log, environment=None):
    """{process: {system call: (first, last)}}: the ordinals that may be hit, of the first process
    and of each that comes from it, in their order. What comes before a line that holds `starts` is
    the loader's, not the program's to answer."""
    listed = ",".join(f"?{name}" for name in names)
    subprocess.run(["strace", "--follow-forks", f"--trace={listed}", f"--output={log}", *command],
                   check=True, capture_output=True, env=environment)
    counts = collections.defaultdict(collections.Counter)
    ordinals = {}
    started = False
    with open(log, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            match = re.match(r"(\d+) +(\w+)\(", line)
            if not match:
                continue
            process, name = match.groups()
            counts[process][name] += 1
            of_process = ordinals.setdefault(process, {})
            started = started or starts in line
            if started:
                first, _ = of_process.get(name, (counts[process][name], 0))
                of_process[name] = (first, counts[process][name])
    return ordinals


def of_any(calls):
    """{system call: (first, last)}: strace counts in each process by itself, and hits whichever
    comes to the ordinal."""
    united = {}
    for ordinals in calls.values():
        for name, (first, last) in ordinals.items():
            other_first, other_last = united.get(name, (first, last))
            united[name] = (min(first, other_first), max(last, other_last))
    return united


def sampled(calls, befalls_of, samples, seed):
    """[(system call, what befalls it, its ordinal)]: the first and last of each always, and as many
    between them as `samples`."""
    chosen = []
    dice = random.Random(seed)
    for name, (first, last) in sorted(calls.items()):
        for befalls in befalls_of[name]:
            ordinals = {first, last}
            more = [n for n in range(first, last + 1) if n not in ordinals]
            ordinals.update(dice.sample(more, min(samples, len(more))))
            chosen += [(name, befalls, ordinal) for ordinal in sorted(ordinals)]
    return chosen
