# SPDX-License-Identifier: Apache-2.0
"""Extension images made of their parts, with real tools and keys: a test spoils one of these, or
lies in the partition table."""

import base64
import dataclasses
import hashlib
import json
import os
import platform
import struct
import subprocess
import tempfile
import uuid
import zlib

SECTOR = 512
ENTRIES, ENTRY = 128, 128
FIRST = 40  # sector of the first partition, a multiple of 4096 bytes
HASH_BLOCK = 512  # small, so that little data has a tree of three levels
TYPES = {
    "x86_64": {"root": "4f68bce3-e8cd-4db1-96e7-fbcaf984b709",
               "root-verity": "2c7357ed-ebd2-46d9-aec1-23d437ec2bf5",
               "root-verity-sig": "41092b05-9fc8-4523-994f-2def0408b176",
               "usr-verity": "77ff5f63-e7b6-4633-acf4-1565b864c0e6"},
    "aarch64": {"root": "b921b045-1df0-41c3-af44-4c6f280d3fae",
                "root-verity": "df3300ce-d69f-4c92-978c-9bfb0f38d820",
                "root-verity-sig": "6db69de6-29f4-4758-a7a5-962190f00ce3",
                "usr-verity": "6e11a4e7-fbca-4ded-b9e9-e1a512bb664e"},
}.get(platform.machine())
GENERIC = "0fc63daf-8483-4772-8e79-3d69d8477de4"


def run(*command):
    environment = os.environ | {"PATH": os.environ["PATH"] + ":/usr/sbin:/sbin", "LC_ALL": "C"}
    return subprocess.run(list(map(str, command)), check=True, capture_output=True,
                          env=environment).stdout


def file_system(files, make=lambda tree: None):
    """An erofs of these files, {path: text}, and of what `make` puts into the tree."""
    with tempfile.TemporaryDirectory() as folder:
        for path, text in files.items():
            os.makedirs(os.path.dirname(f"{folder}/tree/{path}"), exist_ok=True)
            with open(f"{folder}/tree/{path}", "w", encoding="utf-8") as file:
                file.write(text)
        make(f"{folder}/tree")
        run("mkfs.erofs", "-T0", "--all-root", f"{folder}/image", f"{folder}/tree")
        with open(f"{folder}/image", "rb") as file:
            return file.read()


class Key:
    """A key with its certificate."""

    def __init__(self, folder, name, subject, kind=("ec", "-pkeyopt", "ec_paramgen_curve:P-256")):
        self.key, self.certificate = f"{folder}/{name}.key", f"{folder}/{name}.crt"
        run("openssl", "req", "-x509", "-newkey", *kind, "-nodes", "-subj", f"/CN={subject}",
            "-keyout", self.key, "-out", self.certificate)

    def sign(self, text):
        with tempfile.NamedTemporaryFile("w") as file:
            file.write(text)
            file.flush()
            return run("openssl", "smime", "-sign", "-binary", "-noattr", "-nocerts", "-outform",
                       "der", "-signer", self.certificate, "-inkey", self.key, "-in", file.name)

    def der(self):
        """Its certificate."""
        return run("openssl", "x509", "-in", self.certificate, "-outform", "der")

    def fingerprint(self):
        return hashlib.sha256(self.der()).hexdigest()


@dataclasses.dataclass
class Pieces:
    """The parts of a signed image; each may be replaced by a spoilt one."""

    data: bytes
    tree: bytes
    root_hash: str
    signature: bytes
    claim: bytes = b""  # what the signature partition holds

    @staticmethod
    def of(data, key):
        with tempfile.TemporaryDirectory() as folder:
            with open(f"{folder}/data", "wb") as file:
                file.write(data)
            said = run("veritysetup", "format", f"--hash-block-size={HASH_BLOCK}",
                       f"{folder}/data", f"{folder}/tree").decode()
            root_hash = said.split("Root hash:")[1].split()[0]
            with open(f"{folder}/tree", "rb") as file:
                tree = file.read()
        signature = key.sign(root_hash)
        return Pieces(data, tree, root_hash, signature, claim(root_hash, signature))

    def but(self, **changes):
        return dataclasses.replace(self, **changes)

    def parts(self):
        half = len(self.root_hash) // 2
        return [(TYPES["root"], uuid.UUID(self.root_hash[:half]), self.data),
                (TYPES["root-verity"], uuid.UUID(self.root_hash[half:]), self.tree),
                (TYPES["root-verity-sig"], uuid.UUID(int=1), self.claim)]

    def disk(self, **lies):
        return disk(self.parts(), **lies)


def claim(root_hash, signature, **more):
    return json.dumps({"rootHash": root_hash,
                       "signature": base64.b64encode(signature).decode()} | more).encode()


def flipped(content, at):
    changed = bytearray(content)
    changed[at] ^= 1
    return bytes(changed)


def put(content, at, form, value):
    changed = bytearray(content)
    struct.pack_into(form, changed, at, value)
    return bytes(changed)


def disk(parts, entries=lambda table: table, header=lambda fields: fields, after=lambda head: head):
    """A disk image with these partitions, [(type, UUID, content)]. `entries` and `header` lie in
    the table, [[type, UUID, first, last]] and {field: value}, whose checksums are right all the
    same; `after` spoils the bytes of a header with its checksum."""
    table, content, next_sector = [], [], FIRST
    for kind, unique, data in parts:
        sectors = max(1, -(-len(data) // 4096)) * 8
        table.append([uuid.UUID(str(kind)), unique, next_sector, next_sector + sectors - 1])
        content.append((next_sector * SECTOR, data))
        next_sector += sectors
    room = ENTRIES * ENTRY // SECTOR
    sectors = next_sector + room + 1
    image = bytearray(sectors * SECTOR)
    image[446:462] = struct.pack("<B3sB3sII", 0, b"\0\2\0", 0xEE, b"\xff" * 3, 1, sectors - 1)
    image[510:512] = b"\x55\xaa"
    for start, data in content:
        image[start:start + len(data)] = data
    rows = b"".join(struct.pack("<16s16sQQQ72s", kind.bytes_le, unique.bytes_le, first, last, 0,
                                b"") for kind, unique, first, last in entries(table))
    rows = rows.ljust(ENTRIES * ENTRY, b"\0")
    for own, other, where in ((1, sectors - 1, 2), (sectors - 1, 1, sectors - 1 - room)):
        fields = header({"own": own, "other": other, "first": 2 + room, "last": next_sector - 1,
                         "entries": where, "number": ENTRIES, "size": ENTRY})
        image[where * SECTOR:where * SECTOR + len(rows)] = rows
        image[own * SECTOR:own * SECTOR + 92] = after(header_bytes(fields, zlib.crc32(rows)))
    return bytes(image)


def header_bytes(fields, rows_checksum):
    def packed(checksum):
        return struct.pack("<8sIIIIQQQQ16sQIII", b"EFI PART", 0x10000, 92, checksum, 0,
                           fields["own"], fields["other"], fields["first"], fields["last"],
                           uuid.UUID(int=2).bytes_le, fields["entries"], fields["number"],
                           fields["size"], rows_checksum)
    return packed(zlib.crc32(packed(0)))
