# SPDX-License-Identifier: Apache-2.0
"""A publisher with keys of his own, whose repository nginx serves."""

import json
import os
import shutil
import subprocess
import urllib.error
import urllib.request

from scenario import ROOT, must, run


class Publisher:
    """Bakes small extensions, and publishes them; signs for systemd's tools by a new key of the
    algorithm."""

    def __init__(self, binary, work, algorithm="ed25519"):
        self.binary, self.work = binary, work
        self.repository, self.new = f"{work}/repository", f"{work}/new"
        self.home = f"{work}/gnupg"
        self.environment = {"GNUPGHOME": self.home}
        os.mkdir(self.home, 0o700)
        os.mkdir(self.new)
        self.gpg("--passphrase", "", "--quick-generate-key", "publisher", algorithm, "sign", "never")
        must("minisign", "-G", "-W", "-p", f"{work}/release.pub", "-s", f"{work}/release.key")
        os.mkdir(self.repository)
        self.state = f"{work}/nginx"
        port = must(f"{ROOT}/tools/serve", "start", self.state, self.repository).strip()
        self.url = f"http://127.0.0.1:{port}"

    def gpg(self, *arguments):
        return subprocess.run(["gpg", "--homedir", self.home, "--batch", "--yes", "--quiet",
                               *arguments], check=True, capture_output=True).stdout

    def end(self):
        run("gpgconf", "--homedir", self.home, "--kill", "all")
        run(f"{ROOT}/tools/serve", "stop", self.state)

    def bake(self, name, version, architecture="x86-64"):
        """An extension image with one file, as others make them."""
        tree = f"{self.work}/tree"
        shutil.rmtree(tree, ignore_errors=True)
        os.makedirs(f"{tree}/usr/lib/extension-release.d")
        os.makedirs(f"{tree}/usr/share/{name}")
        with open(f"{tree}/usr/lib/extension-release.d/extension-release.{name}", "w",
                  encoding="utf-8") as out:
            out.write("ID=_any\n")
        with open(f"{tree}/usr/share/{name}/version", "w", encoding="utf-8") as out:
            out.write(f"{name} {version}\n" * 4000)
        end = f"_{architecture}" if architecture else ""
        file = f"{self.new}/{name}_{version}{end}.raw"
        must("mkfs.erofs", "--quiet", "-T", "0", "--all-root", file, tree)
        return file

    def strake(self, *arguments):
        return must(self.binary, *arguments, env={**os.environ, **self.environment})

    def signing(self):
        return (f"--repository={self.repository}", f"--sign-with={self.work}/release.key",
                "--gpg-key=publisher")

    def publish(self, *options):
        return json.loads(self.strake("publish", self.new, *self.signing(), f"--url={self.url}",
                                      "--json=short", *options))

    def get(self, path):
        try:
            with urllib.request.urlopen(f"{self.url}/{path}", timeout=60) as answer:
                return answer.read()
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{path}: {error}") from error

    def served(self, path):
        """A file of the index as it may be written over, for what a publisher never does."""
        return os.path.realpath(f"{self.repository}/{path}")


def with_a_publisher(binary, scene, algorithm="ed25519"):
    """A scene of a publisher, for whoever gives it a directory."""
    def play(work):
        publisher = Publisher(binary, work, algorithm)
        try:
            scene(publisher)
        finally:
            publisher.end()
    return play
