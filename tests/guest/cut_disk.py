# SPDX-License-Identifier: Apache-2.0
"""The disk of an ab_guest at any instant of a recording, and what a boot loader would find on it."""

import hashlib
import itertools
import json
import random
import re
import struct
import subprocess

import ab_guest
import fat
from guest import MIB

SECTOR = 512
MOST_FOR_ALL, BY_CHANCE = 3, 6
FLUSH, DISCARD = 1, 4  # what entries of QEMU's blklogwrites are marked with
NOTHING = hashlib.sha256().hexdigest()
ENTRY = re.compile(r"os_(\d+)(?:\+(\d+)(?:-\d+)?)?\.efi")


def read_log(path):
    """Yields None for each flush, and (offset, bytes) for each write."""
    with open(path, "rb") as file:
        file.seek(SECTOR)
        while header := file.read(SECTOR):
            sector, count, marks = struct.unpack_from("<QQQ", header)
            if marks & FLUSH:
                yield None
            if count and not marks & DISCARD:
                yield sector * SECTOR, file.read(count * SECTOR)


class Part:
    """A range of the disk, and what was found in it when it was looked at last."""

    def __init__(self, start, length):
        self.start, self.end, self.found = start, start + length, None

    def holds(self, offset):
        return self.start <= offset < self.end


class Judge:
    """Says what the boot loader would choose; each part is only looked at when it has changed."""

    def __init__(self, disk, systems):
        self.disk = disk
        self.systems = {system.version: system for system in systems}
        self.images = {version: ab_guest.digest(system.image)
                       for version, system in self.systems.items()}
        table = [Part(row["start"] * SECTOR, row["size"] * SECTOR) for row in self.read_table()]
        self.esp, self.slots = table[0], (table[1], table[2])
        self.spare, self.rest = (table[3], table[4]), table[5]
        self.table = Part(0, self.esp.start)

    def wrote(self, offset):
        """Whether anything that is judged has changed with it."""
        if any(part.holds(offset) for part in self.slots):
            raise AssertionError(f"the slot that runs was written to, at {offset}")
        if self.rest.holds(offset):
            return False
        for part in (self.esp, *self.spare):
            if part.holds(offset):
                part.found = None
                return True
        self.table.found = None
        return True

    def is_seen(self, offset):
        """By a boot loader."""
        return self.table.holds(offset) or self.esp.holds(offset) or offset >= self.rest.end

    def read(self, offset, length):
        with open(self.disk, "rb") as disk:
            disk.seek(offset)
            return disk.read(length)

    def read_table(self):
        said = subprocess.run(["sfdisk", "--json", self.disk], check=True, capture_output=True,
                              text=True)
        return json.loads(said.stdout)["partitiontable"]["partitions"]

    def read_entries(self):
        """{name: digest} of what a boot loader looks at."""
        place = ["-i", f"{self.disk}@@{self.esp.start}"]
        names = subprocess.run(["mdir", "-b", *place, "::/EFI/Linux"], check=True,
                               capture_output=True, text=True).stdout.split()
        found = {}
        for path in names:
            name = path.rsplit("/", 1)[1]
            if not name.startswith("."):
                content = subprocess.run(["mcopy", *place, path, "-"], check=True,
                                         capture_output=True)
                found[name] = hashlib.sha256(content.stdout).hexdigest()
        return found

    def holds(self, part, path):
        """Whether the file is what the part begins with."""
        if part.found is None:
            part.found = {}
        if path not in part.found:
            with open(self.disk, "rb") as disk, open(path, "rb") as file:
                disk.seek(part.start)
                part.found[path] = all(piece == disk.read(len(piece))
                                       for piece in iter(lambda: file.read(4 * MIB), b""))
        return part.found[path]

    def look(self):
        """(what kind of state this is, the version that would be booted)"""
        if self.table.found is None:
            self.table.found = self.read_table()
        if self.esp.found is None:
            fat.Fat(lambda offset, length: self.read(self.esp.start + offset, length)).check()
            self.esp.found = self.read_entries()
        partitions = {row["uuid"].lower(): index for index, row in enumerate(self.table.found)}
        parts = [self.esp, *self.slots, *self.spare, self.rest]
        order = []
        for name, content in self.esp.found.items():
            match = ENTRY.fullmatch(name)
            assert match, f"nobody knows the entry {name}"
            if content == NOTHING:  # a rename on vfat; boot loaders pass over it
                continue
            system = self.systems[match[1]]
            assert content == self.images[match[1]], f"{name} is not whole"
            for unique, path in ((system.root_uuid, system.root), (system.tree_uuid, system.tree)):
                assert unique in partitions, f"{name} has no partition {unique}"
                assert self.holds(parts[partitions[unique]], path), f"{name} boots what is not whole"
            order.append((match[2] != "0", int(match[1])))
        labels = tuple(row.get("name", "") + row["type"] for row in self.table.found)
        entries = tuple(sorted(name if content != NOTHING else f"{name}, empty"
                               for name, content in self.esp.found.items()))
        return (labels, entries), str(max(order)[1])


class Replay:
    """A recording, played into a copy of the disk that it begins with."""

    def __init__(self, log, judge):
        self.judge, self.epochs = judge, [[]]
        for write in read_log(log):
            if write is not None:
                self.epochs[-1].append(write)
            elif self.epochs[-1]:
                self.epochs.append([])

    def writes(self):
        return [write for epoch in self.epochs for write in epoch]

    def put(self, writes):
        """Whether it can make a difference."""
        differs = False
        with open(self.judge.disk, "r+b") as disk:
            for offset, content in writes:
                disk.seek(offset)
                disk.write(content)
                differs |= self.judge.wrote(offset)
        return differs

    def states(self):
        """Yields (number of the epoch, whether all of it has come, whether it differs): of each epoch
        only some of those of its writes that a boot loader could see, which the power can leave, and
        then one write after the other, as the end of the machine alone can."""
        for number, epoch in enumerate(self.epochs):
            seen = [write for write in epoch if self.judge.is_seen(write[0])]
            before = [(offset, self.judge.read(offset, len(content))) for offset, content in seen]
            for some in subsets(seen):
                yield number, False, self.put(some)
                self.put(before)
            has_changed = False
            for at, write in enumerate(epoch, 1):
                differs = self.put([write])
                has_changed |= differs
                is_last = at == len(epoch)
                yield number, is_last, has_changed if is_last else differs


def subsets(writes):
    """All of them if they are few, but for none and all; else some by chance, the same each time."""
    if len(writes) <= MOST_FOR_ALL:
        return [list(chosen) for size in range(1, len(writes))
                for chosen in itertools.combinations(writes, size)]
    chance = random.Random(len(writes))
    return [[write for write in writes if chance.random() < 0.5] for _ in range(BY_CHANCE)]
