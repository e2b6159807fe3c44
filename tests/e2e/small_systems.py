# SPDX-License-Identifier: Apache-2.0
"""A machine beneath a root that is updated as one, and systems and extensions that it is offered."""

import os
import subprocess

from extension_machine import read, write
from small_bakery import URL

STUB = "/usr/lib/systemd/boot/efi/linuxx64.efi.stub"
SYSTEM_TRANSFER = """\
[Transfer]
Verify=no
[Source]
Type=url-file
Path={url}/system
MatchPattern={pattern}
[Target]
Type=regular-file
{target}
InstancesMax=2
"""
COUPLED_TRANSFER = """\
[Transfer]
Verify=no
[Source]
Type=url-file
Path={url}/coupled
MatchPattern=coupled_@v.raw
[Target]
Type=regular-file
Path=/var/lib/extensions.d
MatchPattern=coupled_@v.raw
CurrentSymlink=/var/lib/extensions/coupled.raw
InstancesMax=2
"""


class Machine:
    def __init__(self, bakery, root):
        self.bakery, self.root, self.failed = bakery, root, 0
        for folder in ("etc", "var/lib/images", "run", "opt", "usr/share", "efi/EFI/Linux"):
            os.makedirs(f"{root}/{folder}", exist_ok=True)
        write(f"{root}/etc/machine-id", "0123456789abcdef0123456789abcdef\n")
        write(f"{root}/etc/sysupdate.d/10-root.transfer", SYSTEM_TRANSFER.format(
            url=URL, pattern="root_@v.raw",
            target="Path=/var/lib/images\nMatchPattern=root_@v.raw"))
        write(f"{root}/etc/sysupdate.d/20-boot.transfer", SYSTEM_TRANSFER.format(
            url=URL, pattern="os_@v.efi",
            target="Path=/EFI/Linux\nPathRelativeTo=boot\n"
                   "MatchPattern=os_@v+@l-@d.efi os_@v.efi\nTriesLeft=3\nTriesDone=0"))
        subprocess.run(["mount", "--bind", root, root], check=True)
        self.boot("1")

    def boot(self, version):
        """As if this system had been started; what was merged is gone."""
        self.strake(0, "ext", "unmerge")
        write(f"{self.root}/usr/lib/os-release",
              f"ID=debian\nVERSION_ID={version}\nIMAGE_VERSION={version}\n")

    def expect(self, what, there):
        if not there:
            self.failed += 1
            print(f"not so: {what}", flush=True)

    def command(self, *arguments):
        first = arguments[:1] if arguments[0] == "ext" else ()
        return [self.bakery.binary, *first, f"--root={self.root}", *arguments[len(first):]]

    def environment(self):
        return {**os.environ, "SYSTEMD_ESP_PATH": "/efi", "SYSTEMD_RELAX_ESP_CHECKS": "1"}

    def strake(self, status, *arguments):
        done = subprocess.run(self.command(*arguments), check=False, capture_output=True, text=True,
                              env=self.environment())
        said = done.stdout + done.stderr
        self.expect(f"{arguments} ends with {status}, not {done.returncode}: {said}",
                    done.returncode == status)
        return done.stdout if status == 0 else said

    def links(self):
        """{extension: version that its link leads to}"""
        folder = f"{self.root}/var/lib/extensions"
        return {name.removesuffix(".raw"): os.readlink(f"{folder}/{name}").split("_")[1]
                .removesuffix(".raw") for name in sorted(os.listdir(folder))}

    def stored(self, name):
        return sorted(file.split("_")[1].removesuffix(".raw")
                      for file in os.listdir(f"{self.root}/var/lib/extensions.d")
                      if file.startswith(f"{name}_"))

    def bootable(self):
        return sorted(os.listdir(f"{self.root}/efi/EFI/Linux"))

    def merged(self, name):
        return read(f"{self.root}/usr/share/{name}/version")


def offer_system(bakery, version):
    """A unified kernel image with the real stub, which says what it boots, and a file beside it."""
    folder = f"{bakery.folder}/repository/system"
    write(f"{folder}/root_{version}.raw", f"root {version}")
    write(f"{bakery.folder}/osrel",
          f"ID=debian\nVERSION_ID={version}\nIMAGE_VERSION={version}\n")
    write(f"{bakery.folder}/linux", "not really a kernel")
    subprocess.run(["objcopy", "--add-section", f".osrel={bakery.folder}/osrel",
                    "--change-section-vma", ".osrel=0x40000", "--add-section",
                    f".linux={bakery.folder}/linux", "--change-section-vma", ".linux=0x60000", STUB,
                    f"{folder}/os_{version}.efi"], check=True)
    sum_up(folder)


def offer_coupled(bakery, version):
    """Bound to one version of the system by its name and by what it says."""
    bakery.bake("coupled", version, f"{{os: debian, version: '{version}'}}")
    folder = f"{bakery.folder}/repository/coupled"
    os.makedirs(folder, exist_ok=True)
    for name in os.listdir(f"{bakery.folder}/images"):
        if name == f"coupled_{version}_x86-64.raw":
            os.rename(f"{bakery.folder}/images/{name}", f"{folder}/coupled_{version}.raw")
        elif name.startswith("coupled"):
            os.unlink(f"{bakery.folder}/images/{name}")
    sum_up(folder)


def sum_up(folder):
    names = [name for name in sorted(os.listdir(folder)) if name != "SHA256SUMS"]
    sums = subprocess.run(["sha256sum", "--binary", *names], cwd=folder, check=True,
                          capture_output=True, text=True).stdout
    write(f"{folder}/SHA256SUMS", sums)
