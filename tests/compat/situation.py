# SPDX-License-Identifier: Apache-2.0
"""What a situation is: a machine's files, and what is asked of the program there, step by step.

A situation is written to a directory that oracle-inside (bash, in the tree) plays back:

    steps/NN-files/…    a tree laid over /
    steps/NN-shell      a shell fragment of ours (making a disk, removing a file)
    steps/NN-ask        arguments, one a line: run; its output and exit status are kept
    steps/NN-snapshot   what is on the disk and in the target directories is kept
    environment         lines NAME=value

All data lives beneath WORK, the same path for both programs, so that outputs can be compared.
"""

import hashlib
import os
import random

WORK = "/var/tmp/s"
DISK = f"{WORK}/disk.raw"
ROOT = "4f68bce3-e8cd-4db1-96e7-fbcaf984b709"
VERITY = "2c7357ed-ebd2-46d9-aec1-23d437ec2bf5"
GENERIC = "0fc63daf-8483-4772-8e79-3d69d8477de4"
FIXED_TIME = 1735689600  # 2025-01-01: no file of a situation is younger than the run


def payload(label, size=1536):
    """Bytes that look like no compressed stream, the same in every run."""
    return (f"{label}\n".encode() + random.Random(label).randbytes(size))[:size]


class Situation:
    def __init__(self, name):
        self.name = name
        self.steps = []
        self.environment = {}
        self.versions = []  # asked about by look()

    # ---- files -------------------------------------------------------------------------------

    def file(self, path, content=b"", mode=0o644, mtime=FIXED_TIME):
        """A file that is there from here on; successive ones share a step."""
        if isinstance(content, str):
            content = content.encode()
        self._files()[path] = ("file", content, mode, mtime)
        return self

    def directory(self, path, mode=0o755, mtime=FIXED_TIME):
        self._files()[path] = ("directory", None, mode, mtime)
        return self

    def link(self, path, target):
        self._files()[path] = ("link", target, None, None)
        return self

    def _files(self):
        if not self.steps or self.steps[-1][0] != "files":
            self.steps.append(("files", {}))
        return self.steps[-1][1]

    # ---- definitions -------------------------------------------------------------------------

    def transfer(self, name, source, target, transfer=None, folder="/run/sysupdate.d"):
        text = ""
        for title, section in (("Transfer", transfer), ("Source", source), ("Target", target)):
            if section is not None:
                text += f"[{title}]\n" + "".join(f"{key}={value}\n" for key, value in section.items())
        name = name if "." in name else f"{name}.transfer"
        return self.file(f"{folder}/{name}", text)

    def feature(self, name, folder="/run/sysupdate.d", **keys):
        text = "[Feature]\n" + "".join(f"{key}={value}\n" for key, value in keys.items())
        return self.file(f"{folder}/{name}.feature", text)

    # ---- what a server or a disk holds -------------------------------------------------------

    def offer(self, name, label=None, size=1536, mtime=FIXED_TIME, mode=0o644):
        return self.file(f"{WORK}/source/{name}", payload(label or name, size), mode, mtime)

    def offer_directory(self, name, mtime=FIXED_TIME):
        for inner in ("one.txt", "sub/two.txt"):
            self.file(f"{WORK}/source/{name}/{inner}", f"{name} {inner}\n", mtime=mtime)
        self.directory(f"{WORK}/source/{name}/sub", mtime=mtime)
        return self.directory(f"{WORK}/source/{name}", mtime=mtime)

    def manifest(self, entries=None):
        """SHA256SUMS over what is in the source folder by now, or over entries {name: hash}."""
        if entries is None:
            return self.shell(
                f"cd {WORK}/source && rm -f SHA256SUMS && "
                "find . -maxdepth 1 -type f -printf '%P\\0' | sort -z | xargs -0 -r sha256sum >SHA256SUMS.new && "
                "mv SHA256SUMS.new SHA256SUMS")
        return self.file(f"{WORK}/source/SHA256SUMS",
                         "".join(f"{digest}  {name}\n" for name, digest in entries.items()))

    def disk(self, *slots, sector=512, path=DISK):
        """A GPT image; a slot is (type, label) or (type, label, payload label), 256 KiB each."""
        lines = []
        writes = ""
        for number, (kind, label, *content) in enumerate(slots, 1):
            uuid = f"20000000-0000-4000-8000-{number:012x}"
            sectors = 262144 // sector
            lines.append(f'size={sectors}, type={kind}, uuid={uuid}, name="{label}"')
            if content:
                place = (1 << 20) + (number - 1) * max(1 << 20, 262144)
                name = hashlib.sha256(content[0].encode()).hexdigest()[:16]
                self.file(f"{WORK}/.payload/{name}", payload(content[0]))
                writes += (f"dd if={WORK}/.payload/{name} of={path} bs=4096 conv=notrunc "
                           f"seek={place // 4096} status=none\n")
        script = "label: gpt\nlabel-id: 10000000-0000-4000-8000-000000000000\n"
        script += f"sector-size: {sector}\ngrain: 1M\n" + "\n".join(lines) + "\n"
        self.file(f"{WORK}/.table", script)
        return self.shell(f"make_disk {path} {sector} {(len(slots) + 3)} <{WORK}/.table\n{writes}"
                          f"rm -rf {WORK}/.table {WORK}/.payload")

    # ---- what is asked -----------------------------------------------------------------------

    def shell(self, text):
        self.steps.append(("shell", text))
        return self

    def remove(self, *paths):
        return self.shell("rm -rf " + " ".join(paths))

    def ask(self, *arguments):
        self.steps.append(("ask", list(arguments)))
        return self

    def snapshot(self):
        self.steps.append(("snapshot", None))
        return self

    def change(self, *arguments):
        """A verb that changes something, what it left, and how the program lists that."""
        return self.ask("--verify=no", *arguments).snapshot().ask("--offline", "list")

    def look(self, *options):
        """All the verbs that only look, in each form of output."""
        for form in ([], ["--json=short"]):
            self.ask("--verify=no", *options, *form, "list")
            self.ask("--verify=no", *options, *form, "check-new")
            for version in self.versions:
                self.ask("--verify=no", *options, *form, "list", version)
        self.ask("--verify=no", *options, "--json=pretty", "list")
        self.ask("--verify=no", *options, "--offline", "list")
        self.ask("--verify=no", *options, "--no-legend", "list")
        return self

    # ---- to the playback ---------------------------------------------------------------------

    def write(self, folder):
        os.makedirs(f"{folder}/steps")
        with open(f"{folder}/environment", "w", encoding="utf-8") as out:
            out.writelines(f"{name}={value}\n" for name, value in self.environment.items())
        for number, (kind, content) in enumerate(self.steps):
            path = f"{folder}/steps/{number:02}-{kind}"
            if kind == "files":
                os.mkdir(path)
                write_tree(path, content)
            else:
                text = "".join(f"{a}\n" for a in content) if kind == "ask" else f"{content or ''}\n"
                with open(path, "w", encoding="utf-8") as out:
                    out.write(text)


def write_tree(base, files):
    later = []
    for path, (kind, content, mode, mtime) in files.items():
        full = base + path
        os.makedirs(os.path.dirname(full), exist_ok=True)
        if kind == "link":
            os.symlink(content, full)
            continue
        if kind == "directory":
            os.makedirs(full, exist_ok=True)
        else:
            with open(full, "wb") as out:
                out.write(content)
        os.chmod(full, mode)
        later.append((full, mtime))
    for full, mtime in sorted(later, reverse=True):  # inner first: they change their parent's time
        os.utime(full, (mtime, mtime))
