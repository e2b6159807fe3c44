# SPDX-License-Identifier: Apache-2.0
"""What readers of each how-to have before they begin, and what it promises them."""

import dataclasses
import json
import os
import shutil
import subprocess
from typing import Callable

from sandbox import ASKED, CALLS, SOURCES, have_unit, read, run, write

RECIPE = """\
name: {name}
version: "{version}"
sources:
  files: {{directory: files}}
files:
  - {{source: files, path: version, to: /usr/share/{name}/version}}
"""


@dataclasses.dataclass
class Howto:
    prepare: Callable[[], None]
    promises: Callable[[str], list]


def bake(name, version, output):
    write(f"/root/recipes/{name}/files/version", f"{version}\n")
    write(f"/root/recipes/{name}/{name}.yaml", RECIPE.format(name=name, version=version))
    run("strake", "bake", f"/root/recipes/{name}/{name}.yaml", f"--output={output}")


def led_to(link):
    return os.path.basename(os.readlink(link)) if os.path.islink(link) else None


def prepare_air_gapped():
    bake("hello", "1.0", "out")
    bake("wave", "2.0", "out")
    bake("map", "3.0", "out")
    os.makedirs("/media/disk")
    write("/usr/lib/sysupdate.wave.d/wave.transfer", """\
[Source]
Type=url-file
Path=https://extensions.example.org
MatchPattern=wave_@v.raw
X-Strake-Trust=/etc/strake/trust/extensions.json
[Target]
Type=regular-file
Path=/var/lib/extensions.d
MatchPattern=wave_@v.raw
CurrentSymlink=/var/lib/extensions/wave.raw
""")


def promises_of_air_gapped(_said):
    return [
        ("hello is in use", led_to("/var/lib/extensions/hello.raw") == "hello_1.0.raw"),
        ("hello is merged", os.path.exists("/usr/share/hello/version")),
        ("wave is merged", os.path.exists("/usr/share/wave/version")),
        ("the timer is on", "enable --now strake-update.timer" in read(CALLS)),
        ("the mirror is asked in place of the server",
         "http://mirror.example.net/wave_2.0.raw\n" in read(ASKED)),
        ("map is merged", os.path.exists("/usr/share/map/version")),
        ("the list inside is the newest", '"sequence":2' in read("/srv/mirror/manifest.json")),
        ("the longer keys are in force", os.path.exists("keys/2.root.json")),
    ]


def publisher_key():
    """A key that signs SHA256SUMS, and its public half where machines look for it."""
    os.makedirs("/root/.gnupg", mode=0o700, exist_ok=True)
    run("gpg", "--batch", "--quiet", "--passphrase", "", "--quick-generate-key",
        "updates@example.org", "ed25519", "sign", "never")
    key = subprocess.run(["gpg", "--batch", "--export", "updates@example.org"], check=True,
                         capture_output=True).stdout
    with open("/etc/systemd/import-pubring.pgp", "wb") as file:
        file.write(key)


def sign_list(folder):
    names = [name for name in sorted(os.listdir(folder)) if not name.startswith("SHA256SUMS")]
    write(f"{folder}/SHA256SUMS", run("sha256sum", "--binary", *names, cwd=folder))
    run("gpg", "--batch", "--yes", "--quiet", "--detach-sign", "--output",
        f"{folder}/SHA256SUMS.gpg", f"{folder}/SHA256SUMS")


def prepare_from_sysupdate():
    """A machine that systemd-sysupdate keeps, with an extension that systemd-sysext has merged.
    Debian 12 has no systemd-sysupdate; the stand-in says what it was asked, and no more. Its
    systemd-confext is systemd-sysext under another name, of a systemd that knows no confexts."""
    for unit in ("systemd-sysupdate.timer", "systemd-sysupdate-reboot.timer",
                 "systemd-sysext.service", "systemd-confext.service", "systemd-bless-boot.service",
                 "systemd-boot-check-no-failures.service"):
        have_unit(unit)
    write("/usr/lib/systemd/systemd-sysupdate", '#!/bin/sh\necho "systemd-sysupdate $*"\n', 0o755)
    write("/usr/bin/systemd-confext", "#!/bin/sh\n", 0o755)
    publisher_key()
    for version in ("1", "2"):
        write(f"/srv/updates/app_{version}.raw", f"app {version}\n")
    sign_list("/srv/updates")
    write("/var/lib/app/app_1.raw", "app 1\n")
    write("/usr/lib/sysupdate.d/10-app.transfer", """\
[Source]
Type=url-file
Path=https://updates.example.org
MatchPattern=app_@v.raw
[Target]
Type=regular-file
Path=/var/lib/app
MatchPattern=app_@v.raw
""")
    bake("hello", "1.0", "/root/baked")
    os.makedirs("/var/lib/extensions", exist_ok=True)
    shutil.copy("/root/baked/hello_1.0.raw", "/var/lib/extensions/hello.raw")
    run("/usr/bin/systemd-sysext", "merge")


def promises_of_from_sysupdate(said):
    calls = read(CALLS)
    return [
        ("both name the new version", "systemd-sysupdate list" in said),
        ("strake answers by its own name and by the other one", said.count(" candidate\n") == 2),
        ("the timers went over and came back",
         calls.index("disable --now systemd-sysupdate.timer")
         < calls.index("enable --now strake-update.timer")
         < calls.rindex("enable --now systemd-sysupdate.timer")),
        ("who finds a boot good went over and came back",
         calls.index("mask systemd-bless-boot.service")
         < calls.index("unmask systemd-bless-boot.service")),
        ("systemd's own programs are back",
         not os.path.islink("/usr/lib/systemd/systemd-sysupdate")
         and not os.path.islink("/usr/bin/systemd-sysext")),
        ("the extension is merged", os.path.exists("/usr/share/hello/version")),
    ]


def dashed_image(version, output):
    """As that bakery makes them."""
    tree = f"/root/tree-{version}"
    write(f"{tree}/usr/lib/extension-release.d/extension-release.hello",
          "ID=_any\nARCHITECTURE=x86-64\n")
    write(f"{tree}/usr/bin/hello", f"#!/bin/sh\necho hello {version}\n", 0o755)
    os.makedirs(output, exist_ok=True)
    run("mksquashfs", tree, f"{output}/hello-{version}-x86-64.raw", "-all-root", "-noappend",
        "-quiet", "-no-progress")


def prepare_from_flatcar_bakery():
    """A machine as the documentation of that bakery has one write it in Butane."""
    for unit in ("systemd-sysupdate.timer", "systemd-sysext.service"):
        have_unit(unit)
    write("/usr/lib/os-release", "ID=flatcar\nVERSION_ID=4593.2.0\nSYSEXT_LEVEL=1.0\n")
    place = "/srv/bakery/extensions/hello"
    for version in ("1.0.0", "1.1.0"):
        dashed_image(version, place)
    write(f"{place}/SHA256SUMS", run("sh", "-c", "sha256sum *.raw", cwd=place))
    os.makedirs("/opt/extensions/hello")
    shutil.copy(f"{place}/hello-1.0.0-x86-64.raw", "/opt/extensions/hello")
    os.makedirs("/etc/extensions")
    os.symlink("/opt/extensions/hello/hello-1.0.0-x86-64.raw", "/etc/extensions/hello.raw")
    write("/etc/sysupdate.hello.d/hello.conf", """\
[Transfer]
Verify=false
[Source]
Type=url-file
Path=https://bakery.example.net/extensions/hello/
MatchPattern=hello-@v-%a.raw
[Target]
InstancesMax=3
Type=regular-file
Path=/opt/extensions/hello
CurrentSymlink=/etc/extensions/hello.raw
""")
    write("/etc/sysupdate.d/noop.conf", """\
[Source]
Type=regular-file
Path=/
MatchPattern=invalid@v.raw
[Target]
Type=regular-file
Path=/
""")
    write("/etc/systemd/system/systemd-sysupdate.service.d/hello.conf",
          "[Service]\nExecStartPre=/usr/lib/systemd/systemd-sysupdate -C hello update\n")
    run("systemd-sysext", "merge")


def promises_of_from_flatcar_bakery(said):
    return [
        ("the next version came from the list that is there",
         "/opt/extensions/hello/hello-1.1.0-x86-64.raw\n" in said),
        ("then the one that was baked and signed ran", "\nhello\n" in said),
        ("all versions are side by side", sorted(os.listdir("/opt/extensions/hello")) == [
            "hello-1.0.0-x86-64.raw", "hello-1.1.0-x86-64.raw", "hello_1.2.0_x86-64.raw"]),
        ("the one before is back", run("hello") == "hello 1.1.0\n"),
    ]


def prepare_new_distribution():
    """A tree with what matters here of one, and neither a kernel nor an initrd that would run."""
    os.symlink(SOURCES, "strake")
    for folder in ("dev", "efi", "etc", "proc", "run", "sys", "tmp", "usr/share", "var"):
        os.makedirs(f"tree/{folder}")
    write("tree/etc/machine-id", "")
    shutil.copytree("/usr/lib/systemd/system", "tree/usr/lib/systemd/system", symlinks=True,
                    ignore=lambda _, names: [name for name in names
                                             if not name.startswith("strake-")])
    write("vmlinuz", "no kernel")
    write("initrd", "no initrd")
    write("tools.yaml", RECIPE.format(name="tools", version="1.0"))
    write("files/version", "1.0\n")


def promises_of_new_distribution(said):
    table = json.loads(run("sfdisk", "--json", "disk.raw"))["partitiontable"]["partitions"]
    labels = [each.get("name") for each in table]
    entries = run("mdir", "-b", "-i", "disk.raw@@1M", "::EFI/Linux")
    releases = json.loads(read("/srv/updates/exampleos/manifest.json"))["releases"]
    return [
        ("version 2 was installed", "Successfully installed update '2'." in said),
        ("with three tries", "os_2+3-0.efi" in said),
        ("a system is published as one", [each["kind"] for each in releases] == ["os", "os"]),
        ("version 2 is withdrawn", [each["version"] for each in releases
                                    if "withdrawn" in each] == ["2"]),
        (f"version 1 is in its slot: {labels}", labels[1:3] == ["exampleos_1", "exampleos_1_verity"]),
        (f"and next again: {entries}", entries.split() == ["::/EFI/Linux/exampleos_1.efi"]),
        ("timers and services are enabled in the tree",
         os.path.islink("tree/etc/systemd/system/timers.target.wants/strake-update.timer")
         and os.path.islink("tree/etc/systemd/system/boot-complete.target.requires/"
                            "strake-health.service")),
    ]


HOWTOS = {
    "new-distribution": Howto(prepare_new_distribution, promises_of_new_distribution),
    "from-flatcar-bakery": Howto(prepare_from_flatcar_bakery, promises_of_from_flatcar_bakery),
    "from-sysupdate": Howto(prepare_from_sysupdate, promises_of_from_sysupdate),
    "air-gapped": Howto(prepare_air_gapped, promises_of_air_gapped),
}
