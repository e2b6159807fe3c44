# SPDX-License-Identifier: Apache-2.0
"""Images that somebody has made to do harm, each by one change to a good one, with what has to be
said of it.

They all carry a good release file and are called probe_NAME, so that nothing but what is wrong with
them keeps them from being merged."""

import os
import random
import socket
import stat
import struct
import uuid

import signed_image
from signed_image import GENERIC, HASH_BLOCK, SECTOR, TYPES, claim, disk, flipped, put

MIB = 1 << 20
SECRET = "/etc/secret"  # of the system, beneath its root
RELEASE = "usr/lib/extension-release.d/extension-release.probe"


def probe_files():
    """Enough for a tree of three levels: 16 digests fit into one of its blocks."""
    noise = random.Random(3).randbytes(MIB).hex()
    return {RELEASE: "ID=_any\n", "usr/lib/probe": "probe", "usr/lib/noise": noise}


def damaged(good):
    """Data and trees that are not what was signed: {name: (image, words)}."""
    data, tree, blocks = good.data, good.tree, len(good.tree) // HASH_BLOCK
    last = len(data) // 4096 - 1
    cases = {f"data-{block}": (good.but(data=flipped(data, block * 4096 + 5)).disk(),
                               f"block {block} of the data is not what")
             for block in (0, 7, last)}
    cases |= {f"tree-{block}": (good.but(tree=flipped(tree, block * HASH_BLOCK)).disk(),
                                f"block {block} of the hash tree is not what")
              for block in (1, 2, 3, 4, blocks - 1)}
    for name, at, form, value, words in (
            ("no-superblock", 0, "<Q", 0, "there is no superblock of dm-verity"),
            ("version", 8, "<I", 2, "version 2 and hash type 1"),
            ("hash-type", 12, "<I", 0, "version 1 and hash type 0"),
            ("algorithm", 32, "<6s", b"md5\0\0\0", "made with \"md5\""),
            ("block-size-0", 64, "<I", 0, "a block size of 0"),
            ("block-size-odd", 64, "<I", 5000, "a block size of 5000"),
            ("hash-block-huge", 68, "<I", 1 << 31, "a block size of 2147483648"),
            ("no-blocks", 72, "<Q", 0, "0 data blocks are none or too many"),
            ("endless", 72, "<Q", (1 << 64) - 1, "are none or too many"),
            ("too-many-blocks", 72, "<Q", 1 << 30, "of data, but there are"),
            ("too-few-blocks", 72, "<Q", 1, "block 0 of the data is not what"),
            ("salt-long", 80, "<H", 0xFFFF, "a salt of 65535 bytes"),
            ("salt-other", 88, "<B", tree[88] ^ 1, "block 1 of the hash tree is not what")):
        cases[name] = (good.but(tree=put(tree, at, form, value)).disk(), words)
    cases["tree-cut"] = (good.but(tree=tree[:HASH_BLOCK * 8]).disk(), "the tree needs")
    cases["tree-empty"] = (good.but(tree=b"").disk(), "there is no superblock of dm-verity")
    cases["data-cut"] = (good.but(data=data[:-4096]).disk(), "of data, but there are")
    return cases


def not_signed(good, other, signer, stranger, impostor):
    """Signatures that nobody should believe: {name: (image, words)}."""
    root = good.root_hash

    def told(text):
        return good.but(claim=text).disk()

    no_signature = "its partition root-verity-sig is no signature: "
    cases = {f"json-{name}": (told(text), no_signature + words) for name, text, words in (
        ("empty", b"", "it is empty"),
        ("garbage", b"garbage", "it holds no JSON object"),
        ("list", b"[1, 2]", "it holds no JSON object"),
        ("open", b"{\"rootHash\":", "it holds no JSON object"),
        ("deep", b"[" * 100_000, "it holds no JSON object"),
        ("no-hash", b"{}", "its field rootHash is no SHA-256"),
        ("number", b"{\"rootHash\":7}", "its field rootHash is no SHA-256"),
        ("no-signature", b"{\"rootHash\":\"%s\"}" % root.encode(), "its field signature"),
        ("fingerprint", claim(root, good.signature, certificateFingerprint=1),
         "its field certificateFingerprint is no"),
        ("after-nul", b"{}\0x", "there is something after the NUL"),
        ("huge", b" " * (4 * MIB + 4096), "it has 4194305 bytes"))}
    cases |= {
        "stranger": (told(claim(root, stranger.sign(root))), "the signer is none of the 1"),
        "impostor": (told(claim(root, impostor.sign(root))), "the signer is none of the 1"),
        "signed-other": (told(claim(root, signer.sign("0" * 64))), "it is not one of"),
        "signed-newline": (told(claim(root, signer.sign(root + "\n"))), "it is not one of"),
        "signed-nothing": (told(claim(root, signer.sign(""))), "it is not one of"),
        "der-garbage": (told(claim(root, b"garbage")), "no PKCS#7 signature in DER form"),
        "der-cut": (told(claim(root, good.signature[:80])), "no PKCS#7 signature in DER form"),
        "fingerprint-other": (
            told(claim(root, good.signature, certificateFingerprint=stranger.fingerprint())),
            "the image says that the certificate"),
        "claim-of-other": (told(other.claim), "is not what the root hash"),
        "swapped": (good.but(data=other.data, tree=other.tree).disk(), "is not what the root hash"),
        "no-claim": (disk(good.parts()[:2]), "there is no signature"),
        "no-tree": (disk(good.parts()[:1]), "unprotected"),
        "one-generic": (disk([(GENERIC, uuid.UUID(int=7), good.data)]), "unprotected"),
    }
    return cases


def misparted(good):
    """Partition tables that lie: {name: (image, words)}."""
    parts = good.parts()

    def moved(row, **columns):
        def entries(table):
            for column, value in columns.items():
                table[row]["first last".split().index(column) + 2] = value
            return table
        return good.disk(entries=entries)

    def said(**fields):
        return good.disk(header=lambda header: header | fields)

    broken = "its partition table is broken"
    return {
        "overlap": (moved(1, first=FIRST_OF_DATA), "overlap"),
        "beyond-end": (moved(2, last=1 << 40), broken),
        "backwards": (moved(0, first=FIRST_OF_DATA + 8, last=FIRST_OF_DATA), broken),
        "on-table": (moved(0, first=1), broken),
        "checksum": (good.disk(after=lambda head: flipped(head, 16)), "checksum"),
        "no-magic": (good.disk(after=lambda head: flipped(head, 0)), "there is no GPT signature"),
        "entries-checksum": (good.disk(after=lambda head: flipped(head, 88)), broken),
        "entries-everywhere": (said(entries=1 << 62), broken),
        "entries-endless": (said(number=0xFFFFFFFF), broken),
        "entries-size-0": (said(size=0), broken),
        "usable-nowhere": (said(first=1 << 60, last=0), broken),
        "elsewhere": (said(own=77), broken),
        "generic-twice": (disk([(GENERIC, uuid.UUID(int=7), good.data)] * 2), ""),
        "root-missing": (disk(parts[1:]), "has a partition root-verity, but no root for it"),
        "tree-missing": (disk([parts[0], parts[2]]),
                         "has a partition root-verity-sig, but no root-verity for it"),
        "usr-verity": (disk([parts[0], (TYPES["usr-verity"], *parts[1][1:]), parts[2]]), "but no "),
        "no-partitions": (disk([]), "no root and no /usr partition"),
    }


FIRST_OF_DATA = signed_image.FIRST


def cut_short(good):
    image = good.disk()
    return {f"cut-{length}": (image[:length], words) for length, words in (
        (0, "it is empty"), (1, ""), (SECTOR, ""), (1024, ""), (20_000, ""),
        (len(image) // 2, "its partition table is broken"))}


def noise_with(magics):
    noise = bytearray(random.Random(5).randbytes(MIB))
    for at, magic in magics:
        noise[at:at + len(magic)] = magic
    return bytes(noise)


def magic_noise():
    """Nothing but what tells file systems apart: {name: image}."""
    return {
        "noise-squashfs": noise_with([(0, b"hsqs" + struct.pack("<IIIIHHHHHH", 9, 0, 4096, 0, 1, 12,
                                                                0, 1, 4, 0))]),
        "noise-ext4": noise_with([(1024, struct.pack("<14IH18xI12xIII920x", *[16] * 14, 0xEF53,
                                                     1, 0, 0x42, 1))]),
        "noise-xfs": noise_with([(0, b"XFSB" + struct.pack(">I", 4096))]),
        "noise-luks": noise_with([(0, b"LUKS\xba\xbe" + b"\0\2")]),
        "noise-gpt": noise_with([(510, b"\x55\xaa"), (512, b"EFI PART")]),
        "noise": noise_with([]),
        "zeros": bytes(MIB),
    }


def with_devices(tree):
    os.mknod(f"{tree}/usr/lib/null", stat.S_IFCHR | 0o666, os.makedev(1, 3))
    os.mknod(f"{tree}/usr/lib/disk", stat.S_IFBLK | 0o666, os.makedev(8, 0))


def with_whiteouts(tree):
    os.mknod(f"{tree}/usr/base", stat.S_IFCHR, os.makedev(0, 0))


def with_set_user(tree):
    os.chmod(f"{tree}/usr/lib/probe", 0o4755)


def unsigned():
    """Whole file systems that nobody signed, with something to fear in them: {name: image}."""
    files = probe_files() | {"usr/lib/noise": ""}
    return {"bare": signed_image.file_system(files)} | {
        f"bare-{make.__name__[5:]}": signed_image.file_system(files, make)
        for make in (with_devices, with_whiteouts, with_set_user)}


def beside(good, stranger):
    """Files beside a file system that do not go with it: {name: ({ending: content}, words)}. What
    is callable makes the file."""
    root = {".roothash": good.root_hash.encode()}
    whole = root | {".verity": good.tree}
    return {name: ({".raw": good.data} | files, words) for name, files, words in (
        ("hash-garbage", {".roothash": b"garbage"}, "holds no root hash"),
        ("hash-empty", {".roothash": b""}, "holds no root hash"),
        ("hash-long", {".roothash": good.root_hash.encode() + b"00"}, "holds no root hash"),
        ("hash-huge", {".roothash": b"a" * MIB}, "roothash"),
        ("hash-alone", root, "with the hash tree to check it by"),
        ("hash-of-usr", {".usrhash": good.root_hash.encode()}, "is about a /usr partition"),
        ("hash-zero", whole | {".roothash": b"0" * 64, ".roothash.p7s": good.signature}, ""),
        ("hash-fifo", {".roothash": os.mkfifo}, "roothash"),
        ("hash-folder", {".roothash": os.mkdir}, "roothash"),
        ("hash-circle", {".roothash": lambda path: os.symlink(path, path)}, "unprotected"),
        ("hash-secret", {".roothash": lambda path: os.symlink(SECRET, path)}, "holds no root hash"),
        ("tree-garbage", root | {".verity": b"garbage", ".roothash.p7s": good.signature},
         "its hash tree cannot be used"),
        ("tree-fifo", root | {".verity": os.mkfifo}, "verity"),
        ("tree-folder", root | {".verity": os.mkdir}, "verity"),
        ("tree-of-disk", {".raw": good.disk(), ".verity": good.tree}, "is for images without"),
        ("other-hash", {".raw": good.disk(), ".roothash": b"a" * 64}, "no partition root with"),
        ("no-p7s", whole, "there is no signature"),
        ("p7s-empty", whole | {".roothash.p7s": b""}, "is empty"),
        ("p7s-huge", whole | {".roothash.p7s": b"a" * (MIB + 1)}, "p7s"),
        ("p7s-garbage", whole | {".roothash.p7s": b"garbage"}, "no PKCS#7 signature"),
        ("p7s-stranger", whole | {".roothash.p7s": stranger.sign(good.root_hash)}, "none of the 1"),
        ("p7s-fifo", whole | {".roothash.p7s": os.mkfifo}, "p7s"))}


def listen(path):
    """A socket, by its name alone, which may be long."""
    here = os.getcwd()
    os.chdir(os.path.dirname(path))
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.path.basename(path))
    os.chdir(here)


def no_images():
    """What lies in the search directory and is no image: {file name: (what makes it, rule)}."""
    return {
        "probe_fifo.raw": (os.mkfifo, "kind"),
        "probe_socket.raw": (listen, "kind"),
        "probe_folder.raw.v": (os.mkdir, "no-version"),
        "probe_character.raw": (
            lambda path: os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(1, 5)), "kind"),
        "probe_circle.raw": (lambda path: os.symlink(path, path), "unreadable"),
        "probe_nowhere.raw": (lambda path: os.symlink("/nowhere", path), "unreadable"),
        "probe_\x1b[2J.raw": (os.mkfifo, "kind"),
        "probe_\n.raw": (os.mkfifo, "kind"),
    }


def bad_releases():
    """Trees whose release file is not to be trusted, or what stands for it: {name: (what is done
    to the tree, given its root and the path of that file, rule, words)}."""
    def text(content):
        def make(_, path):
            with open(path, "wb") as file:
                file.write(content)
        return make

    def folder_is_link(_, path):
        os.rmdir(os.path.dirname(path))
        os.symlink("../../../../../../../../etc", os.path.dirname(path))

    def os_release(tree, path):
        text(b"ID=_any\n")(tree, path)
        with open(f"{tree}/usr/lib/os-release", "w", encoding="utf-8") as file:
            file.write("ID=evil\n")

    def link_to(target):
        return lambda _, path: os.symlink(target, path)

    regular = "is no regular file"
    return {
        "fifo": (lambda _, path: os.mkfifo(path), "unreadable", regular),
        "socket": (lambda _, path: listen(path), "unreadable", regular),
        "folder": (lambda _, path: os.mkdir(path), "unreadable", regular),
        "zero": (lambda _, path: os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 5)),
                 "unreadable", regular),
        "whiteout": (lambda _, path: os.mknod(path, stat.S_IFCHR, os.makedev(0, 0)), "unreadable",
                     regular),
        "circle": (lambda _, path: os.symlink(os.path.basename(path), path), "unreadable", ""),
        "huge": (text(b"ID=_any\n" + b"#" * 2 * MIB), "unreadable", "is larger than"),
        "terminal": (text(b"ID=\x1b[2J\x1b]0;evil\x07\n"), "id", "x1b"),
        "no-text": (text(b"\xff\xfe\0\0" * 99), "no-release", ""),
        "folder-elsewhere": (folder_is_link, "no-release", ""),
        "escape": (link_to("../../../../../../.." + SECRET), "no-release", ""),
        "os-release": (os_release, "os-release", "os-release"),
    }
