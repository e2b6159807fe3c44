# SPDX-License-Identifier: Apache-2.0
"""What machines of ab_guest are offered over HTTP: systems, an extension that is coupled to them and
one that fits any; and the definitions by which they find all that."""

import os
import subprocess
import sys

import ab_guest
import guest

sys.path.insert(0, os.path.join(guest.HERE, "../e2e"))
import signed_image  # noqa: E402  (it lies with those tests)

URL = "http://localhost:8080"
UNSIGNED = "[Transfer]\nVerify=no\n", ""
SIGNED = "", "X-Strake-Trust=/usr/share/strake/vendor.pub\n"

TRANSFERS = {
    "usr/lib/sysupdate.d/10-tree.transfer": (UNSIGNED, "os", "os_@v_@u.verity", """\
Type=partition
Path=auto
MatchPattern=root_@v_v
MatchPartitionType=root-verity
ReadOnly=1
"""),
    "usr/lib/sysupdate.d/20-root.transfer": (UNSIGNED, "os", "os_@v_@u.root", """\
Type=partition
Path=auto
MatchPattern=root_@v
MatchPartitionType=root
ReadOnly=1
"""),
    "usr/lib/sysupdate.d/30-boot.transfer": (UNSIGNED, "os", "os_@v.efi", """\
Type=regular-file
Path=/EFI/Linux
PathRelativeTo=boot
MatchPattern=os_@v+@l-@d.efi os_@v+@l.efi os_@v.efi
Mode=0444
TriesLeft=3
TriesDone=0
InstancesMax=2
"""),
    "usr/lib/sysupdate.coupled.d/coupled.transfer": (UNSIGNED, "ext", "coupled_@v.raw", """\
Type=regular-file
Path=/var/lib/extensions.d
MatchPattern=coupled_@v.raw
CurrentSymlink=/var/lib/extensions/coupled.raw
InstancesMax=2
"""),
    "usr/lib/sysupdate.free.d/free.transfer": (SIGNED, "free", "free_@v_x86-64.raw", """\
Type=regular-file
Path=/var/lib/extensions.d
MatchPattern=free_@v_x86-64.raw
CurrentSymlink=/var/lib/extensions/free.raw
InstancesMax=2
"""),
}
SERVER = """\
[Service]
ExecStart=/usr/bin/busybox httpd -f -p 8080 -h {folder}
[Install]
WantedBy=multi-user.target
"""

# A disk image with a signed hash tree, so that whoever reads it wants device-mapper.
FREE = """\
name: free
version: "1"
container: ddi
files:
  - {to: /usr/share/free/version, text: "1\\n"}
match: any
architectures: x86-64
"""


def transfer(trust, folder, pattern, target):
    before, key = trust
    return (f"{before}[Source]\nType=url-file\nPath={URL}/{folder}\n"
            f"MatchPattern={pattern}\n{key}[Target]\n{target}")


def additions(folder="/var/offered"):
    """What is put into a system that is offered what lies in that folder of it, {path: text}."""
    texts = {path: transfer(*rest) for path, rest in TRANSFERS.items()}
    texts["usr/lib/systemd/system/offers.service"] = SERVER.format(folder=folder)
    return texts


def offer_extension(folder, place, name, version, match):
    tree = f"{folder}/tree-{name}-{version}"
    for path, text in ((f"usr/share/{name}/version", f"{version}\n"),
                       (f"usr/lib/extension-release.d/extension-release.{name}", match)):
        os.makedirs(os.path.dirname(f"{tree}/{path}"), exist_ok=True)
        with open(f"{tree}/{path}", "w", encoding="utf-8") as file:
            file.write(text)
    os.makedirs(f"{place}/ext", exist_ok=True)
    subprocess.run(["mksquashfs", tree, f"{place}/ext/{name}_{version}.raw",
                    "-quiet", "-all-root", "-noappend"], check=True, stdout=subprocess.DEVNULL)


def offer_systems(maker, systems, files, places):
    """Each with its extension: in files/repository, or where `places` has its version."""
    folders = set()
    for system in systems:
        place = f"{files}/{places.get(system.version, 'repository')}"
        maker.offer(system, f"{place}/os")
        offer_extension(maker.folder, place, "coupled", system.version,
                        f"ID=debian\nVERSION_ID={system.version}\n")
        folders.add(place)
    for place in folders:
        ab_guest.sum_up(f"{place}/ext")


class Vendor:
    """Of the extension that fits any system, with the keys by which it is believed."""

    def __init__(self, binary, folder):
        self.binary, self.folder = binary, folder
        os.makedirs(folder)
        ab_guest.run(binary, "key", "generate", f"{folder}/vendor")
        self.key = signed_image.Key(folder, "image", "image")

    def additions(self):
        """What machines have to trust it."""
        texts = {}
        for name, path in ((f"{self.folder}/vendor.pub", "usr/share/strake/vendor.pub"),
                           (self.key.certificate, "usr/lib/verity.d/vendor.crt")):
            with open(name, encoding="utf-8") as file:
                texts[path] = file.read()
        return texts

    def offer(self, repository):
        with open(f"{self.folder}/free.yaml", "w", encoding="utf-8") as file:
            file.write(FREE)
        ab_guest.run(self.binary, "bake", f"{self.folder}/free.yaml", "--output",
                     f"{self.folder}/images", "--key", f"{self.folder}/image.key",
                     "--certificate", self.key.certificate)
        ab_guest.run(self.binary, "publish", f"{self.folder}/images", "--repository", repository,
                     "--sign-with", f"{self.folder}/vendor.key", "--url", f"{URL}/free")
