# SPDX-License-Identifier: Apache-2.0
"""Extension images with hash trees and signatures, made on the host by the tools that people use:
mkfs.erofs, mksquashfs, veritysetup, openssl, sfdisk."""

import base64
import json
import os
import subprocess
import uuid

SECTOR = 512
ALIGNMENT = 1 << 20
TYPES = ("4f68bce3-e8cd-4db1-96e7-fbcaf984b709",  # root-x86-64
         "2c7357ed-ebd2-46d9-aec1-23d437ec2bf5",  # root-x86-64-verity
         "41092b05-9fc8-4523-994f-2def0408b176")  # root-x86-64-verity-sig


def run(*command, **more):
    return subprocess.run(command, check=True, capture_output=True, **more).stdout


def read(path):
    with open(path, "rb") as file:
        return file.read()


def write(path, content):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(content if isinstance(content, bytes) else content.encode())


class Signer:
    """A key with its certificate, PATH.key and PATH.crt, and that in DER, PATH.der."""

    def __init__(self, path):
        self.path = path
        run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj",
            f"/CN={os.path.basename(path)}", "-keyout", f"{path}.key", "-out", f"{path}.crt")
        run("openssl", "x509", "-in", f"{path}.crt", "-outform", "der", "-out", f"{path}.der")

    def sign(self, text):
        return run("openssl", "smime", "-sign", "-nocerts", "-noattr", "-binary", "-outform", "der",
                   "-inkey", f"{self.path}.key", "-signer", f"{self.path}.crt", input=text.encode())


class Image:
    """The pieces of an extension image: a file system of some texts, its tree, its root hash."""

    def __init__(self, scratch, name, files, kind="erofs"):
        self.name = name
        folder, data, tree = (f"{scratch}/{name}.{what}" for what in ("folder", "data", "tree"))
        write(f"{folder}/usr/lib/extension-release.d/extension-release.{name}", "ID=_any\n")
        for path, content in files.items():
            write(f"{folder}/{path}", content)
        if kind == "erofs":
            run("mkfs.erofs", "--all-root", data, folder)
        else:
            run("mksquashfs", folder, data, "-all-root", "-noappend", "-noD", "-noF", "-quiet")
        run("veritysetup", "format", data, tree, "--root-hash-file", f"{scratch}/{name}.hash")
        self.root_hash = read(f"{scratch}/{name}.hash").decode().strip()
        self.data, self.tree = read(data), read(tree)

    def device(self):
        return f"{self.root_hash}-verity"

    def spoil(self, content):
        """Changes a bit within the one place where the file system has this content."""
        at = self.data.index(content) + len(content) // 2
        self.data = self.data[:at] + bytes([self.data[at] ^ 1]) + self.data[at + 1:]

    def write_split(self, folder, signer=None):
        """NAME.raw with what protects it beside it."""
        beside = f"{folder}/{self.name}"
        write(f"{beside}.raw", self.data)
        write(f"{beside}.verity", self.tree)
        write(f"{beside}.roothash", self.root_hash)
        if signer:
            write(f"{beside}.roothash.p7s", signer.sign(self.root_hash))

    def write_ddi(self, folder, signer):
        """NAME.raw, with partitions for data, tree and signature."""
        signature = {"rootHash": self.root_hash,
                     "signature": base64.b64encode(signer.sign(self.root_hash)).decode()}
        pieces = (self.data, self.tree, json.dumps(signature).encode().ljust(4096, b"\0"))
        halves = (self.root_hash[:32], self.root_hash[32:], uuid.uuid4().hex)
        path, start, table = f"{folder}/{self.name}.raw", ALIGNMENT, "label: gpt\n"
        write(path, b"")
        with open(path, "r+b") as disk:
            for piece, kind, unique in zip(pieces, TYPES, halves):
                disk.seek(start)
                disk.write(piece)
                table += (f"start={start // SECTOR}, size={len(piece) // SECTOR}, type={kind}, "
                          f"uuid={uuid.UUID(unique)}\n")
                start += -(-len(piece) // ALIGNMENT) * ALIGNMENT
            disk.truncate(start + ALIGNMENT)
        run("sfdisk", "--no-reread", "--no-tell-kernel", path, input=table.encode())
