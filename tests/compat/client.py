# SPDX-License-Identifier: Apache-2.0
"""A small machine that merges extensions by strake, and small extensions for it: each has one file,
in /usr or in /etc, that tells of it."""

import json
import os
import shutil
import sys

from scenario import HERE, demand, must, run

sys.path.insert(0, os.path.join(HERE, "../e2e"))
# pylint: disable=wrong-import-position
import extension_machine  # noqa: E402
from extension_machine import write  # noqa: E402

STRICT = "--image-policy=root=signed+absent:usr=signed+absent"
UNTRUSTED = 6
TEXT = "a file of the extension\n" * 4000 # so large that a change in it is far from the superblock


class Signer:
    def __init__(self, work, name, kind="rsa:2048", subject=""):
        self.key, self.certificate = f"{work}/{name}.key", f"{work}/{name}.crt"
        curve = () if kind != "ec" else ("-pkeyopt", "ec_paramgen_curve:P-256")
        must("openssl", "req", "-batch", "-new", "-x509", "-newkey", kind, *curve, "-nodes",
             "-subj", f"/CN={subject or name}", "-set_serial", "1", "-days", "365", "-keyout",
             self.key, "-out", self.certificate)

    def fingerprint(self):
        said = must("openssl", "x509", "-noout", "-fingerprint", "-sha256", "-in", self.certificate)
        return said.split("=")[1].strip().replace(":", "").lower()


def tree_of(work, name, folder="usr"):
    """The tree of an extension with one file, in /usr or in /etc."""
    tree = f"{work}/tree-{name}"
    write(f"{tree}/{folder}/{'lib/' if folder == 'usr' else ''}extension-release.d/"
          f"extension-release.{name}", "ID=_any\n")
    write(f"{tree}/{path_in(name, folder)}", TEXT)
    return tree


def path_in(name, folder="usr"):
    return f"usr/share/{name}/text" if folder == "usr" else f"etc/{name}.conf"


class Client:
    """A small machine that merges extensions by strake."""

    def __init__(self, binary):
        self.binary = binary
        self.machine = extension_machine.Machine(extension_machine.Ours(binary))
        self.root = self.machine.root

    def install(self, image, name="", folder="usr"):
        place = f"{self.root}/var/lib/{'extensions' if folder == 'usr' else 'confexts'}"
        os.makedirs(place, exist_ok=True)
        shutil.copy(image, f"{place}/{name or os.path.basename(image)}")

    def trust(self, signer):
        os.makedirs(f"{self.root}/etc/verity.d", exist_ok=True)
        shutil.copy(signer.certificate, f"{self.root}/etc/verity.d/")

    def ext(self, *arguments_):
        return run(self.binary, "ext", f"--root={self.root}", *arguments_)

    def merges(self, name, *options, folder="usr"):
        done = self.ext("refresh", *options)
        there = extension_machine.read(f"{self.root}/{path_in(name, folder)}")
        demand(done.returncode == 0 and there == TEXT,
               f"{done.returncode}: {(there or '')[:99]}: {done.stderr}")

    def refuses(self, name, words, *options, folder="usr", status=UNTRUSTED):
        done = self.ext("refresh", *options)
        demand(done.returncode == status and words in done.stderr,
               f"{done.returncode}: {done.stderr}")
        demand(not os.path.lexists(f"{self.root}/{path_in(name, folder)}"), "it is merged")

    def never_shows(self, name, *options):
        """Found before it is merged, or by dm-verity when it is read."""
        done = self.ext("refresh", *options)
        try:
            there = extension_machine.read(f"{self.root}/{path_in(name)}")
        except OSError:
            return
        demand(there is None and done.returncode == UNTRUSTED and name in done.stderr,
               f"{done.returncode}: {done.stderr}")

    def takes_away(self, name, folder="usr"):
        done = self.ext("unmerge")
        demand(done.returncode == 0, done.stderr)
        demand(not os.path.lexists(f"{self.root}/{path_in(name, folder)}"), "it is still there")
        demand(not self.machine.leftovers(), self.machine.leftovers())


def lint(binary, *images):
    done = run(binary, "lint", "--json=short", *images)
    return {finding["rule"] for each in json.loads(done.stdout)["files"]
            for finding in each["findings"] if finding["gravity"] == "error"}


def play(tally, name, binary, scene):
    """`scene` is given a client and its directory."""
    def on_a_machine(work):
        client = Client(binary)
        try:
            scene(client, work)
        finally:
            client.ext("unmerge")
            client.machine.close()
    tally.play(name, on_a_machine)
