# SPDX-License-Identifier: Apache-2.0
"""What Linux would find wrong with a FAT32 as soon as it reads or removes a file there, upon which it
stops writing to it. Clusters that belong to nobody are none of it, nor is a second FAT that differs."""

import array
import struct

ENTRY_SIZE = 32
END, DELETED = 0x00, 0xe5
VOLUME, DIRECTORY = 0x08, 0x10  # a part of a long name is a volume too
FREE, FIRST, BAD = 0, 2, 0x0ffffff7  # bad ones, and above them those that end a chain


class Broken(AssertionError):
    """A file leads to clusters that are not its own."""


class Fat:
    """`read(offset, length)` gives bytes of the file system."""

    def __init__(self, read):
        boot = read(0, 512)
        sector, = struct.unpack_from("<H", boot, 11)
        per_cluster, reserved, copies = boot[13], *struct.unpack_from("<HB", boot, 14)
        length, = struct.unpack_from("<I", boot, 36)
        self.root, = struct.unpack_from("<I", boot, 44)
        self.read, self.size = read, sector * per_cluster
        self.data = (reserved + copies * length) * sector
        self.table = array.array("I", read(reserved * sector, length * sector))
        self.owners = {}

    def chain(self, first, owner):
        """The clusters from this one on."""
        found, cluster = [], first
        while cluster < BAD:
            if not FIRST <= cluster < len(self.table) or self.table[cluster] & 0x0fffffff == FREE:
                raise Broken(f"{owner} leads to cluster {cluster}, which is free")
            if cluster in self.owners:
                raise Broken(f"{owner} shares cluster {cluster} with {self.owners[cluster]}")
            self.owners[cluster] = owner
            found.append(cluster)
            cluster = self.table[cluster] & 0x0fffffff
        return found

    def check(self, first=None, folder=""):
        """Throws Broken; all that lies in a folder, by default in the file system."""
        clusters = self.chain(first or self.root, folder or "/")
        content = b"".join(self.read(self.data + (cluster - FIRST) * self.size, self.size)
                           for cluster in clusters)
        for at in range(0, len(content), ENTRY_SIZE):
            entry = content[at:at + ENTRY_SIZE]
            if entry[0] == END:
                break
            if entry[0] in (DELETED, ord(".")) or entry[11] & VOLUME:
                continue
            self.check_entry(entry, folder)

    def check_entry(self, entry, folder):
        high, low = struct.unpack_from("<H", entry, 20)[0], struct.unpack_from("<H", entry, 26)[0]
        length, = struct.unpack_from("<I", entry, 28)
        first = high << 16 | low
        path = f"{folder}/{entry[:11].decode('latin-1')}"
        if entry[11] & DIRECTORY:
            self.check(first, path)
            return
        clusters = self.chain(first, path) if first else []
        if len(clusters) * self.size < length:
            raise Broken(f"{path} has {length} bytes and {len(clusters)} clusters of {self.size}")
