# SPDX-License-Identifier: Apache-2.0
"""The situations in which strake and systemd-sysupdate are compared. One function makes one or
more; their names say what is special about them."""

from situation import DISK, FIXED_TIME, GENERIC, ROOT, VERITY, WORK, Situation, payload

SOURCE = f"{WORK}/source"
TARGET = f"{WORK}/target"
URL = f"file://{SOURCE}"


def file_source(pattern, kind="regular-file", path=None, **more):
    path = path or (URL if kind.startswith("url") else SOURCE)
    return {"Type": kind, "Path": path, "MatchPattern": pattern, **more}


def file_target(pattern, path=TARGET, **more):
    return {"Type": "regular-file", "Path": path, "MatchPattern": pattern, **more}


def slot_target(pattern, kind="root-x86-64", path=DISK, **more):
    return {"Type": "partition", "Path": path, "MatchPattern": pattern,
            "MatchPartitionType": kind, **more}


def directory_target(pattern, kind="directory", **more):
    return {"Type": kind, "Path": TARGET, "MatchPattern": pattern, **more}


def plain_files(name, versions=("1", "2"), target=None, transfer=None, extra=()):
    """The simplest of all: files from a folder to a folder."""
    s = Situation(name)
    s.versions = [*versions, *extra]
    s.transfer("10-file", file_source("app-@v.img"),
               file_target("app_@v.img", **(target or {})), transfer)
    for version in versions:
        s.offer(f"app-{version}.img")
    return s


def installed(s, *versions, name="app_{}.img"):
    for version in versions:
        s.file(f"{TARGET}/{name.format(version)}", payload(f"app-{version}.img"))
    return s


# ---- nothing much there --------------------------------------------------------------------------

def sparse():
    s = Situation("no-definitions")
    s.versions = ["1"]
    yield s.look().ask("features").ask("components").ask("--json=short", "components") \
        .change("update").change("vacuum")

    s = Situation("nothing-on-offer")
    s.transfer("10-file", file_source("app-@v.img"), file_target("app_@v.img"))
    s.versions = ["1"]
    yield s.look().change("update").change("vacuum").ask("--json=short", "vacuum")

    s = Situation("source-folder-missing")
    s.transfer("10-file", file_source("app-@v.img", path=f"{WORK}/nowhere"),
               file_target("app_@v.img"))
    yield s.look().change("update")

    s = Situation("target-folder-missing")
    s.transfer("10-file", file_source("app-@v.img"), file_target("app_@v.img", f"{TARGET}/a/b"))
    s.offer("app-1.img")
    s.versions = ["1"]
    yield s.look().change("update").look()

    s = Situation("manifest-missing")
    s.transfer("10-file", file_source("app-@v.img", "url-file"), file_target("app_@v.img"))
    yield s.look().change("update")

    s = Situation("manifest-empty")
    s.transfer("10-file", file_source("app-@v.img", "url-file"), file_target("app_@v.img"))
    s.file(f"{SOURCE}/SHA256SUMS", "")
    yield s.look().change("update")

    s = Situation("only-things-that-do-not-match")
    s.transfer("10-file", file_source("app-@v.img"), file_target("app_@v.img"))
    s.offer("app-.img").offer("app-1.im").offer("xapp-1.img").offer("app-1.img.sig")
    s.offer("app-a b.img").offer("app-1:2.img").offer_directory("app-7.img")
    s.file(f"{TARGET}/other", "x").directory(f"{TARGET}/app_9.img")
    s.versions = ["7", "9"]
    yield s.look().change("update").change("vacuum")


# ---- which version -------------------------------------------------------------------------------

def choosing():
    s = plain_files("two-on-offer-none-installed", extra=["3"])
    yield s.look().change("update").look().change("update")

    s = plain_files("older-chosen-by-name")
    yield s.change("update", "1").look().change("update", "1").change("update")

    s = installed(plain_files("version-that-is-not-there"), "1")
    yield s.change("update", "9").look()

    s = installed(plain_files("newest-installed-already"), "1", "2")
    yield s.look().change("update").change("update", "1").ask("--json=short", "update")

    s = installed(plain_files("installed-newer-than-offered"), "3", "5")
    s.versions += ["3", "5"]
    yield s.look().change("update").change("vacuum")

    s = installed(plain_files("min-version", ("1", "2", "3"), transfer={"MinVersion": "2"}), "1")
    yield s.look().change("update", "1").change("update").look()

    s = plain_files("min-version-above-all", transfer={"MinVersion": "10"})
    yield s.look().change("update").change("update", "2")

    s = installed(plain_files("protected-version", ("1", "2", "3"), {"InstancesMax": "2"},
                              {"ProtectVersion": "1"}), "1", "2")
    yield s.look().change("update").look().change("--instances-max=1", "vacuum")

    s = installed(plain_files("protected-by-image-version", ("1", "2", "3"),
                              {"InstancesMax": "2"}, {"ProtectVersion": "%A"}), "1", "2")
    s.file("/etc/os-release", "ID=test\nVERSION_ID=4\nIMAGE_ID=img\nIMAGE_VERSION=1\n")
    yield s.look().change("update").look()

    s = installed(plain_files("protected-twice", ("1", "2", "3", "4"), {"InstancesMax": "2"},
                              {"ProtectVersion": "1\nProtectVersion=2"}), "1", "2")
    yield s.look().change("update").change("--instances-max=1", "vacuum").look()

    for name, versions in {
        "tilde-dash-caret": ("122.1", "123~rc1-1", "123", "123-a", "123-1", "123^post1",
                             "123.a-1", "123.1-1", "123a-1", "124-1"),
        "leading-zeros": ("1", "01", "2", "002", "10", "1.0", "1.00", "1.01"),
        "dates": ("20240101", "20240101.1", "20240101-rc1", "20231231", "20240101~beta"),
        "letters": ("a", "b", "aa", "A", "1a", "a1", "1", "rc1", "rc10", "rc9"),
        "signs": ("1+2", "1_2", "1.2", "1..2", "1-", "1.", "1~", "1^", "-1", "~1"),
        "long": ("9" * 40, "1" + "0" * 40, "1." + "2." * 60 + "1"),
    }.items():
        s = plain_files(f"version-order-{name}", versions)
        yield s.look().change("update").look()

    s = plain_files("equal-but-written-otherwise", ("1.0", "1.00"))
    s.versions += ["01.0"]
    yield installed(s, "01.0").look().change("update")


# ---- how many ------------------------------------------------------------------------------------

def counting():
    for most in ("1", "2", "3", "0", "x"):
        s = plain_files(f"instances-max-{most}", ("1", "2", "3", "4", "5"), {"InstancesMax": most})
        installed(s, "1", "2", "3", "4")
        yield s.change("vacuum").change("update").look()

    s = installed(plain_files("instances-max-by-option", ("1", "2", "3", "4", "5")),
                  "1", "2", "3", "4")
    yield s.change("-m", "1", "update").change("-m", "2", "vacuum").change("-m", "1", "vacuum") \
        .change("-m", "0", "vacuum").change("-m", "x", "vacuum").change("--instances-max=7", "update")

    s = installed(plain_files("vacuum-says-how-many", ("1", "2", "3", "4", "5")),
                  "1", "2", "3", "4", "5")
    yield s.ask("--json=short", "vacuum").ask("--json=pretty", "vacuum").snapshot() \
        .ask("--json=short", "-m", "1", "vacuum").snapshot()


# ---- kinds of targets and sources ----------------------------------------------------------------

def kinds():
    for source in ("regular-file", "url-file"):
        for packing in ("", ".gz", ".xz", ".zst", ".bz2"):
            s = Situation(f"{source}{packing.replace('.', '-')}-to-file")
            s.transfer("10-file", file_source(f"app-@v.img{packing}", source),
                       file_target("app_@v.img"))
            for version in ("1", "2"):
                s.offer(f"app-{version}.img")
            if packing:
                tool = {".gz": "gzip -n", ".xz": "xz", ".zst": "zstd -q --rm", ".bz2": "bzip2"}
                s.shell(f"cd {SOURCE} && {tool[packing]} app-*.img && touch -d @{FIXED_TIME} app-*")
            s.manifest()
            s.versions = ["1", "2"]
            yield s.look().change("update", "1").change("update").look()

    for source, tool in (("tar", "-cf"), ("url-tar", "-czf")):
        s = Situation(f"{source}-to-directory")
        s.transfer("10-tree", file_source("app-@v.tar", source), directory_target(
            "app_@v", CurrentSymlink="current"))
        for version in ("1", "2"):
            s.offer_directory(f"raw-{version}")
            s.shell(f"cd {SOURCE} && ln -s one.txt raw-{version}/link && chmod 750 raw-{version}/sub && "
                    f"tar --sort=name --mtime=@{FIXED_TIME} -C raw-{version} "
                    f"{tool} app-{version}.tar . && touch -d @{FIXED_TIME} app-{version}.tar && "
                    f"rm -r raw-{version}")
        s.manifest()
        s.versions = ["1", "2"]
        yield s.look().change("update", "1").change("update").look()

    s = Situation("directory-to-directory")
    s.transfer("10-tree", file_source("app-@v", "directory"), directory_target(
        "app_@v", CurrentSymlink="current", InstancesMax="2"))
    for version in ("1", "2", "3"):
        s.offer_directory(f"app-{version}")
    s.versions = ["1", "2", "3"]
    yield s.look().change("update", "1").change("update", "2").change("update").look() \
        .change("-m", "1", "vacuum")

    for target in ("directory", "subvolume"):
        s = Situation(f"directory-to-{target}-on-btrfs")
        s.shell(f"make_btrfs {TARGET}")
        s.transfer("10-tree", file_source("app-@v", "directory"), directory_target(
            "app_@v", target, ReadOnly="yes" if target == "subvolume" else "no"))
        for version in ("1", "2"):
            s.offer_directory(f"app-{version}")
        s.versions = ["1", "2"]
        yield s.look().change("update", "1").change("update").look().change("-m", "1", "vacuum")

    for source, packing in (("regular-file", ""), ("regular-file", ".gz"), ("url-file", ".gz")):
        for sector in (512, 4096):
            s = Situation(f"{source}{packing.replace('.', '-')}-to-slot-{sector}")
            path = DISK if sector == 512 else f"{DISK}.device"
            s.disk((ROOT, "_empty"), (ROOT, "_empty"), (VERITY, "_empty"), sector=sector)
            s.transfer("10-slot", file_source(f"root-@v.raw{packing}", source),
                       slot_target("root-@v", path=path))
            for version in ("1", "2", "3"):
                s.offer(f"root-{version}.raw", size=8192)
            if packing:
                s.shell(f"cd {SOURCE} && gzip -n root-*.raw && touch -d @{FIXED_TIME} root-*")
            s.manifest()
            s.versions = ["1", "2", "3"]
            yield s.look().change("update", "1").look().change("update", "2") \
                .change("update", "3").look()

    s = Situation("file-modes-and-times")
    s.transfer("10-kept", file_source("app-@v.img"), file_target("kept_@v.img"))
    s.transfer("20-set", file_source("app-@v.img"), file_target("set_@v.img", Mode="0600"))
    s.transfer("30-read-only", file_source("app-@v.img"), file_target("ro_@v.img", ReadOnly="yes"))
    s.transfer("40-linked", file_source("app-@v.img"),
               file_target("linked_@v.img", CurrentSymlink="latest.img"))
    s.transfer("50-linked-elsewhere", file_source("app-@v.img"),
               file_target("far_@v.img", CurrentSymlink=f"{TARGET}/sub/latest.img"))
    s.directory(f"{TARGET}/sub").offer("app-1.img", mode=0o755, mtime=FIXED_TIME + 5)
    s.versions = ["1"]
    yield s.change("update").look()

    s = Situation("boot-files-in-esp")
    s.directory(f"{TARGET}/esp/EFI/Linux").directory(f"{TARGET}/xbootldr/EFI/Linux")
    for name, where in (("10-boot", "boot"), ("20-esp", "esp"), ("30-xbootldr", "xbootldr")):
        s.transfer(name, file_source("uki-@v.efi"), {
            "Type": "regular-file", "Path": "/EFI/Linux", "PathRelativeTo": where,
            "MatchPattern": f"{where}_@v+@l-@d.efi {where}_@v+@l.efi {where}_@v.efi",
            "Mode": "0444", "TriesLeft": "3", "TriesDone": "0", "InstancesMax": "2"})
    s.offer("uki-1.efi").offer("uki-2.efi").offer("uki-3.efi")
    s.versions = ["1", "2", "3"]
    s.look().change("update", "1")
    s.shell(f"mv {TARGET}/xbootldr/EFI/Linux/boot_1+3-0.efi {TARGET}/xbootldr/EFI/Linux/boot_1.efi;"
            f"mv {TARGET}/esp/EFI/Linux/esp_1+3-0.efi {TARGET}/esp/EFI/Linux/esp_1+2-1.efi")
    yield s.look().change("update", "2").change("update").look()


# ---- sets of several transfers -------------------------------------------------------------------

def pair(name):
    s = Situation(name)
    s.transfer("10-one", file_source("one-@v.img"), file_target("one_@v.img", InstancesMax="2"))
    s.transfer("20-two", file_source("two-@v.img"), file_target("two_@v.img", InstancesMax="2"))
    s.versions = ["1", "2", "3"]
    return s


def sets():
    s = pair("incomplete-on-the-server")
    s.offer("one-1.img").offer("two-1.img").offer("one-2.img")
    yield s.look().change("update").change("update", "2").look()

    s = pair("incomplete-here-complete-there")
    s.offer("one-1.img").offer("two-1.img").offer("one-2.img").offer("two-2.img")
    s.file(f"{TARGET}/one_2.img", payload("one-2.img"))
    yield s.look().change("update").look().change("update")

    s = pair("incomplete-here-and-there")
    s.offer("one-1.img").offer("two-1.img").offer("one-2.img")
    s.file(f"{TARGET}/two_2.img", payload("two-2.img")).file(f"{TARGET}/one_3.img", b"x")
    yield s.look().change("update").look()

    s = pair("complete-only-together")
    s.offer("one-1.img").file(f"{TARGET}/two_1.img", payload("two-1.img"))
    yield s.look().change("update").look()

    s = pair("one-obsolete-in-one-transfer")
    s.transfer("20-two", file_source("two-@v.img"), file_target("two_@v.img"), {"MinVersion": "2"})
    for version in ("1", "2", "3"):
        s.offer(f"one-{version}.img").offer(f"two-{version}.img")
    yield s.look().change("update", "1").change("update").look()

    s = pair("different-counts-to-keep")
    s.transfer("20-two", file_source("two-@v.img"), file_target("two_@v.img", InstancesMax="4"))
    for version in ("1", "2", "3", "4", "5"):
        s.offer(f"one-{version}.img").offer(f"two-{version}.img")
    s.versions += ["4", "5"]
    for version in s.versions:
        s.change("update", version)
    yield s.look()

    s = Situation("whole-machine")
    s.disk((ROOT, "_empty"), (ROOT, "_empty"), (VERITY, "_empty"), (VERITY, "_empty"))
    s.directory(f"{TARGET}/xbootldr/EFI/Linux").directory(f"{TARGET}/esp/EFI/Linux")
    s.transfer("10-root", file_source("root-@v.raw", "url-file"), slot_target("root-@v"))
    s.transfer("20-verity", file_source("verity-@v.raw"), slot_target(
        "verity-@v", "root-x86-64-verity"))
    s.transfer("30-uki", file_source("uki-@v.efi"), {
        "Type": "regular-file", "Path": "/EFI/Linux", "PathRelativeTo": "boot",
        "MatchPattern": "uki_@v+@l-@d.efi uki_@v.efi", "TriesLeft": "2", "InstancesMax": "2"},
        {"ChangeLog": "https://example.com/news/@v\nChangeLog=https://example.com/more",
         "AppStream": "https://example.com/app.xml"})
    s.transfer("40-dir", file_source("dir-@v", "directory"), directory_target("dir_@v"))
    for version in ("1", "2", "3"):
        s.offer(f"root-{version}.raw", size=8192).offer(f"verity-{version}.raw", size=4096)
        s.offer(f"uki-{version}.efi").offer_directory(f"dir-{version}")
    s.manifest()
    s.versions = ["1", "2", "3"]
    yield s.look().change("update", "1").change("update", "2").look().change("update") \
        .look("--offline").change("vacuum")


# ---- partitions ----------------------------------------------------------------------------------

def partitions():
    s = Situation("slots-already-used")
    s.disk((ROOT, "root-1", "root-1.raw"), (ROOT, "root-2", "root-2.raw"), (ROOT, "other"),
           (GENERIC, "_empty"), (VERITY, "root-9"))
    s.transfer("10-slot", file_source("root-@v.raw"), slot_target("root-@v"))
    s.offer("root-2.raw", size=4096).offer("root-3.raw", size=4096)
    s.versions = ["1", "2", "3", "9"]
    yield s.look().change("update").look().change("-m", "1", "vacuum").look()

    s = Situation("no-slot-free")
    s.disk((ROOT, "other"), (ROOT, "another"))
    s.transfer("10-slot", file_source("root-@v.raw"), slot_target("root-@v"))
    s.offer("root-3.raw", size=4096)
    s.versions = ["3"]
    yield s.look().change("update").look()

    s = Situation("only-slot-protected")
    s.disk((ROOT, "root-1", "root-1.raw"), (ROOT, "other"))
    s.transfer("10-slot", file_source("root-@v.raw"), slot_target("root-@v"),
               {"ProtectVersion": "1"})
    s.offer("root-3.raw", size=4096)
    s.versions = ["1", "3"]
    yield s.look().change("update").look()

    s = Situation("attributes-of-slots")
    s.disk((ROOT, "_empty"), (ROOT, "_empty"))
    s.transfer("10-slot", file_source("root-@v.raw"), slot_target(
        "root-@v", PartitionUUID="30000000-0000-4000-8000-00000000abcd", PartitionFlags="0",
        PartitionNoAuto="yes", PartitionGrowFileSystem="yes", ReadOnly="yes"))
    s.offer("root-1.raw", size=4096)
    s.versions = ["1"]
    yield s.change("update").look()

    s = Situation("attributes-that-a-type-lacks")
    s.disk((GENERIC, "_empty"), (VERITY, "_empty"))
    everything = {"PartitionNoAuto": "yes", "PartitionGrowFileSystem": "yes", "ReadOnly": "yes"}
    s.transfer("10-generic", file_source("root-@v.raw"),
               slot_target("data-@v", "linux-generic", **everything))
    s.transfer("20-verity", file_source("root-@v.raw"),
               slot_target("verity-@v", "root-x86-64-verity", **everything))
    s.offer("root-1.raw", size=4096)
    s.versions = ["1"]
    yield s.change("update").look()

    s = Situation("attributes-from-names")
    s.disk((ROOT, "_empty"), (ROOT, "_empty"))
    s.transfer("10-slot", file_source("root_@v_@u.raw"), slot_target("root-@v"))
    s.offer("root_1_40000000-0000-4000-8000-000000000001.raw", size=4096)
    s.offer("root_2_40000000-0000-4000-8000-000000000002.raw", size=4096)
    s.versions = ["1", "2"]
    yield s.look().change("update", "1").change("update", "2").look()

    s = Situation("flags-from-names")
    s.disk((ROOT, "_empty"), (ROOT, "_empty"))
    s.transfer("10-slot", file_source("root_@v_@r_@a_@g.raw"), slot_target("root-@v"))
    s.offer("root_1_1_1_1.raw", size=4096).offer("root_2_0_1_0.raw", size=4096)
    s.versions = ["1", "2"]
    yield s.look().change("update", "1").change("update", "2").look()

    s = Situation("flags-in-hexadecimal")
    s.disk((ROOT, "_empty"), (ROOT, "_empty"))
    s.transfer("10-slot", file_source("root_@v_@f.raw"), slot_target("root-@v"))
    s.offer("root_1_8000000000000000.raw", size=4096)
    s.versions = ["1"]
    yield s.look().change("update").look()

    s = Situation("two-transfers-one-type")
    s.disk((ROOT, "_empty"), (ROOT, "_empty"), (ROOT, "_empty"), (ROOT, "_empty"))
    s.transfer("10-a", file_source("a-@v.raw"), slot_target("a-@v", InstancesMax="2"))
    s.transfer("20-b", file_source("b-@v.raw"), slot_target("b-@v", InstancesMax="2"))
    for version in ("1", "2", "3"):
        s.offer(f"a-{version}.raw", size=4096).offer(f"b-{version}.raw", size=4096)
        s.versions.append(version)
    for version in s.versions:
        s.change("update", version)
    yield s.look()

    s = Situation("payload-larger-than-slot")
    s.disk((ROOT, "_empty"), (ROOT, "_empty"))
    s.transfer("10-slot", file_source("root-@v.raw"), slot_target("root-@v"))
    s.offer("root-1.raw", size=300000)
    s.versions = ["1"]
    yield s.ask("--verify=no", "list").ask("--verify=no", "update").ask("--verify=no", "list")

    s = Situation("label-too-long")
    s.disk((ROOT, "_empty"), (ROOT, "_empty"))
    s.transfer("10-slot", file_source("root-@v.raw"), slot_target("a-name-of-many-words-for-root-@v"))
    s.offer("root-12345678.raw", size=4096)
    s.versions = ["12345678"]
    yield s.look().change("update")

    s = Situation("disk-without-a-table")
    s.shell(f"truncate -s 4M {DISK}")
    s.transfer("10-slot", file_source("root-@v.raw"), slot_target("root-@v"))
    s.offer("root-1.raw")
    yield s.ask("--verify=no", "list").ask("--verify=no", "update").snapshot()


# ---- patterns ------------------------------------------------------------------------------------

def patterns():
    digest = "ab" * 32
    for name, pattern, files in (
        ("size", "app-@v_@s.img", ("app-1_1536.img", "app-2_99999.img", "app-3_x.img")),
        ("time", "app-@v_@t.img", ("app-1_1700000000000000.img", "app-2_0.img", "app-3_-1.img")),
        ("mode", "app-@v_@m.img", ("app-1_0755.img", "app-2_4755.img", "app-3_600.img",
                                   "app-4_888.img")),
        ("tries", "app-@v+@l-@d.img", ("app-1+3-0.img", "app-2+0-3.img", "app-3+x-1.img")),
        ("hash", "app-@v_@h.img", (f"app-1_{digest}.img", "app-2_abc.img")),
        ("read-only", "app-@v_@r.img", ("app-1_1.img", "app-2_yes.img", "app-3_2.img")),
        ("literal-at", "app@@-@v.img", ("app@-1.img", "app-2.img", "app@@-3.img")),
        ("first-match-only", "app-@v-@s.img", ("app-1-2-3.img", "app-1-1536.img")),
        ("version-first", "@v.img", ("1.img", "2.img.img", ".img", "app-3.img")),
        ("several", "app-@v.img app-@v.raw other_@v", ("app-1.img", "app-2.raw", "other_3")),
        ("folders", "@v/app.img", ("1/app.img", "2/app.img", "3/other.img")),
        ("folders-and-names", "v@v/app-@s.img", ("v1/app-1536.img", "v2/app-7.img")),
        ("escaped", r"app\x2d@v.img", ("app-1.img",)),
    ):
        s = Situation(f"pattern-{name}")
        s.transfer("10-file", file_source(pattern), file_target("got_@v.img"))
        for file in files:
            s.offer(file)
        s.versions = ["1", "2", "3"]
        yield s.look().change("update").look()

    s = Situation("pattern-fields-in-target-names")
    s.transfer("10-file", file_source("app-@v.img"), file_target(
        "app_@v+@l-@d_@m_@r.img", TriesLeft="5", TriesDone="1", Mode="0640"))
    s.offer("app-1.img")
    s.versions = ["1"]
    yield s.look().change("update").look()

    s = Situation("pattern-inherited-from-source")
    s.transfer("10-file", file_source("app-@v.img"), {"Type": "regular-file", "Path": TARGET})
    s.offer("app-1.img")
    s.versions = ["1"]
    yield s.look().change("update").look()

    s = Situation("target-in-folders")
    s.transfer("10-file", file_source("app-@v.img"), file_target(
        "app_@v.d/inner.img", InstancesMax="2"))
    for version in ("1", "2", "3"):
        s.offer(f"app-{version}.img")
        s.versions.append(version)
    for version in s.versions:
        s.change("update", version)
    yield s.look()


# ---- definitions ---------------------------------------------------------------------------------

BAD = {
    "no-version-in-pattern": (file_source("app.img"), file_target("app_@v.img"), None),
    "field-twice": (file_source("app-@v-@v.img"), file_target("app_@v.img"), None),
    "fields-touching": (file_source("app-@v@s.img"), file_target("app_@v.img"), None),
    "unknown-field": (file_source("app-@v-@x.img"), file_target("app_@v.img"), None),
    "no-source-path": ({"Type": "regular-file", "MatchPattern": "a-@v"}, file_target("a_@v"), None),
    "no-source-pattern": ({"Type": "regular-file", "Path": SOURCE}, file_target("app_@v"), None),
    "no-source-type": ({"Path": SOURCE, "MatchPattern": "app-@v.img"}, file_target("app_@v"), None),
    "no-source-section": (None, file_target("app_@v.img"), None),
    "no-target-section": (file_source("app-@v.img"), None, None),
    "unknown-type": (file_source("app-@v.img", "floppy"), file_target("app_@v.img"), None),
    "types-that-do-not-fit": (file_source("app-@v.img", "tar"), file_target("app_@v.img"), None),
    "relative-path": (file_source("app-@v.img", path="here"), file_target("app_@v.img"), None),
    "path-with-dots": (file_source("app-@v.img", path=f"{WORK}/x/../source"),
                       file_target("app_@v.img"), None),
    "unknown-keys": (file_source("app-@v.img", Colour="red"),
                     file_target("app_@v.img", Shape="round"), {"Sound": "loud"}),
    "bad-booleans-and-numbers": (file_source("app-@v.img"), file_target(
        "app_@v.img", ReadOnly="perhaps", Mode="9", InstancesMax="-3", TriesLeft="many"),
        {"Verify": "maybe"}),
    "bad-min-version": (file_source("app-@v.img"), file_target("app_@v.img"),
                        {"MinVersion": "1 2"}),
    "bad-specifier": (file_source("app-@v.img"), file_target("app_@v.img"),
                      {"MinVersion": "%Q"}),
    "bad-symlink": (file_source("app-@v.img"), file_target(
        "app_@v.img", CurrentSymlink="../x"), None),
    "bad-partition-type": (file_source("app-@v.img"), slot_target("a-@v", "no-such-type"), None),
}


def definitions():
    for name, (source, target, transfer) in BAD.items():
        s = Situation(f"definition-{name}")
        s.transfer("10-file", source, target, transfer).offer("app-1.img")
        s.versions = ["1"]
        yield s.ask("--verify=no", "list").ask("--verify=no", "--json=short", "list") \
            .ask("--verify=no", "check-new").ask("--verify=no", "update").snapshot()

    s = Situation("search-path-and-masks")
    for folder, version in (("/usr/lib/sysupdate.d", "1"), ("/run/sysupdate.d", "2"),
                            ("/etc/sysupdate.d", "3")):
        s.transfer("10-file", file_source("app-@v.img"), file_target("app_@v.img"),
                   {"MinVersion": version}, folder)
    s.transfer("20-masked", file_source("nothing-@v"), file_target("nothing_@v"), None,
               "/usr/lib/sysupdate.d").link("/etc/sysupdate.d/20-masked.transfer", "/dev/null")
    s.transfer("30-emptied", file_source("nothing-@v"), file_target("nothing_@v"), None,
               "/usr/lib/sysupdate.d").file("/run/sysupdate.d/30-emptied.transfer", "")
    for version in ("1", "2", "3", "4"):
        s.offer(f"app-{version}.img")
        s.versions.append(version)
    yield s.look().change("update")

    s = plain_files("drop-ins", ("1", "2", "3"))
    s.file("/run/sysupdate.d/10-file.transfer.d/50-min.conf", "[Transfer]\nMinVersion=2\n")
    s.file("/etc/sysupdate.d/10-file.transfer.d/60-max.conf",
           "[Target]\nInstancesMax=2\nMatchPattern=\nMatchPattern=new_@v.img\n")
    yield s.look().change("update").look()

    s = Situation("legacy-conf")
    s.transfer("10-file.conf", file_source("app-@v.img"), file_target("app_@v.img"))
    s.offer("app-1.img")
    s.versions = ["1"]
    yield s.look().change("update")

    s = plain_files("legacy-conf-beside-transfer")
    s.transfer("20-old.conf", file_source("old-@v.img"), file_target("old_@v.img"))
    yield s.look().change("update")

    s = Situation("definitions-by-option")
    s.transfer("10-file", file_source("app-@v.img"), file_target("app_@v.img"), None,
               f"{WORK}/definitions").offer("app-1.img")
    s.feature("extra", f"{WORK}/definitions", Description="Extra things")
    s.versions = ["1"]
    option = f"--definitions={WORK}/definitions"
    yield s.look(option).ask(option, "features").ask(option, "components") \
        .change(option, "update").ask("--definitions=/nowhere", "list")

    s = Situation("other-root")
    root = f"{WORK}/root"
    s.file(f"{root}/etc/os-release", "ID=other\nVERSION_ID=7\nIMAGE_VERSION=7\n")
    s.transfer("10-file", file_source("app-@v.img", path="/source"),
               file_target("app_@v-%w.img", "/target"), None, f"{root}/etc/sysupdate.d")
    s.file(f"{root}/source/app-1.img", payload("1")).directory(f"{root}/target")
    s.versions = ["1"]
    yield s.look(f"--root={root}").change(f"--root={root}", "update") \
        .ask("--verify=no", f"--root={root}", "list").ask(f"--root={root}", "pending")

    s = Situation("source-by-option")
    s.transfer("10-file", file_source("app-@v.img", path="/", PathRelativeTo="explicit"),
               file_target("app_@v.img")).offer("app-1.img")
    s.versions = ["1"]
    yield s.look().look(f"--transfer-source={SOURCE}") \
        .change(f"--transfer-source={SOURCE}", "update")

    s = Situation("specifiers")
    s.file("/etc/os-release", "ID=test\nVERSION_ID=4\nVARIANT_ID=desk\nIMAGE_ID=img\n"
           "IMAGE_VERSION=3\nBUILD_ID=b5\n")
    s.transfer("10-file", file_source("app-%o-%w-%W-@v.img"),
               file_target("%M_@v_%A_%B_%%.img"), {"MinVersion": "%w"})
    s.offer("app-test-4-desk-5.img").offer("app-test-4-desk-3.img")
    s.versions = ["3", "5"]
    yield s.look().change("update").look().ask("pending")

    s = installed(plain_files("pending"), "1", "2")
    for version in ("1", "2", "3"):
        s.file("/etc/os-release", f"ID=test\nIMAGE_VERSION={version}\n").ask("pending")
    yield s.file("/etc/os-release", "ID=test\n").ask("pending").ask("-C", "x", "pending")


# ---- features and components ---------------------------------------------------------------------

def optional():
    s = plain_files("features")
    s.feature("plain").feature("described", Description="Some description",
                               Documentation="https://example.com/doc",
                               AppStream="https://example.com/a.xml")
    s.feature("on", Enabled="yes", Description="Is on").feature("late", Description="By drop-in")
    s.file("/etc/sysupdate.d/late.feature.d/50-on.conf", "[Feature]\nEnabled=true\n")
    for name, needs in (("20-on", "on"), ("30-off", "plain"), ("40-either", "plain on"),
                        ("50-late", "late"), ("60-unknown", "nonesuch")):
        s.transfer(name, file_source("app-@v.img"), file_target(f"{name}_@v.img"),
                   {"Features": needs})
    s.transfer("70-both", file_source("app-@v.img"), file_target("70-both_@v.img"),
               {"RequisiteFeatures": "on plain"})
    s.transfer("80-both", file_source("app-@v.img"), file_target("80-both_@v.img"),
               {"RequisiteFeatures": "on late"})
    for form in ([], ["--json=short"], ["--json=pretty"]):
        s.ask(*form, "features")
        for name in ("plain", "described", "on", "late", "nonesuch"):
            s.ask(*form, "features", name)
    yield s.ask("--no-legend", "features").look().change("update").look()

    s = plain_files("feature-switched-off", ("1", "2"))
    s.feature("extra", Enabled="yes")
    s.transfer("20-extra", file_source("app-@v.img"), file_target("extra_@v.img"),
               {"Features": "extra"})
    s.change("update").feature("extra", Enabled="no")
    yield s.look().change("vacuum").look()

    s = plain_files("vacuum-counts-what-was-switched-off", ("1", "2"))
    s.feature("extra", Enabled="no")
    s.transfer("20-extra", file_source("app-@v.img"), file_target("extra_@v.img"),
               {"Features": "extra"})
    s.file(f"{TARGET}/extra_1.img", b"x").file(f"{TARGET}/extra_2.img", b"y")
    yield s.ask("--json=short", "vacuum").snapshot().look()

    s = plain_files("components")
    s.transfer("10-app", file_source("app-@v.img"), file_target("c_@v.img"), None,
               "/run/sysupdate.app.d")
    s.transfer("10-other", file_source("none-@v.img"), file_target("o_@v.img"), None,
               "/etc/sysupdate.other.d").directory("/usr/lib/sysupdate.bare.d")
    s.feature("extra", "/run/sysupdate.app.d", Description="Of a component")
    for form in ([], ["--json=short"], ["--json=pretty"], ["--no-legend"]):
        s.ask(*form, "components")
    for name in ("app", "other", "bare", "nonesuch", "../x", ""):
        s.ask("--verify=no", "-C", name, "list")
    s.ask("-C", "app", "features").ask("-C", "app", "components")
    yield s.change("--component=app", "update").look("--component=app")

    s = Situation("component-without-default")
    s.transfer("10-app", file_source("app-@v.img"), file_target("c_@v.img"), None,
               "/run/sysupdate.app.d").offer("app-1.img")
    yield s.ask("components").ask("--json=short", "components").ask("list") \
        .ask("-C", "app", "list").change("-C", "app", "update")


# ---- the command line, locale, damage -----------------------------------------------------------

def surroundings():
    s = installed(plain_files("locale-c", ("1", "2", "3"), transfer={"ProtectVersion": "1"}), "1", "2")
    s.environment["LC_ALL"] = "C"
    s.feature("on", Enabled="yes").feature("off")
    yield s.look().ask("features").ask("features", "on").ask("components")

    s = installed(plain_files("wrong-usage"), "1")
    for arguments in (["frobnicate"], ["--frobnicate"], ["list", "1", "2"], ["check-new", "1"],
                      ["--json=bogus", "list"], ["--json=help"], ["--verify=perhaps", "list"],
                      ["-m"], ["--sync=x", "list"], ["vacuum", "x"], ["components", "x"],
                      ["pending", "x"], ["features", "a", "b"], ["--root=/", "--image=/x", "list"],
                      ["--definitions=/run/sysupdate.d", "-C", "app", "list"], ["update", "1", "2"],
                      ["--root=/nowhere", "list"], ["--transfer-source=relative", "list"],
                      ["--", "list"], ["list", "--offline"], ["--json=off", "list"], []):
        s.ask(*arguments)
    yield s.ask("list", "-")

    s = Situation("checksum-wrong")
    s.transfer("10-file", file_source("app-@v.img", "url-file"), file_target("app_@v.img"))
    s.offer("app-1.img").manifest().change("update").offer("app-2.img").manifest()
    s.shell(f"sed -i 's/^....\\(.*app-2\\)/0000\\1/' {SOURCE}/SHA256SUMS")
    s.versions = ["1", "2"]
    yield s.look().ask("--verify=no", "update").change("vacuum").manifest().change("update").look()

    for name, line in (("short-hash", "ab" * 31 + "  app-1.img"),
                       ("no-name", "ab" * 32 + "  "),
                       ("slash-in-name", "ab" * 32 + "  sub/app-1.img"),
                       ("dots-in-name", "ab" * 32 + "  ../app-1.img"),
                       ("binary-mark", "ab" * 32 + " *app-1.img"),
                       ("no-hash", "app-1.img")):
        s = Situation(f"manifest-{name}")
        s.transfer("10-file", file_source("app-@v.img", "url-file"), file_target("app_@v.img"))
        s.offer("app-1.img").file(f"{SOURCE}/SHA256SUMS", line + "\n")
        s.versions = ["1"]
        yield s.ask("--verify=no", "list").ask("--verify=no", "--json=short", "list") \
            .ask("--verify=no", "list", "1")

    s = plain_files("verification-on-by-default")
    s.transfer("10-file", file_source("app-@v.img", "url-file"), file_target("app_@v.img")).manifest()
    yield s.ask("list").ask("check-new").ask("update").snapshot()

    for day, name in (("2020-01-01", "past"), ("2999-01-01", "future"), ("2020-13-99", "nonsense")):
        s = Situation(f"best-before-{name}")
        s.transfer("10-file", file_source("app-@v.img", "url-file"), file_target("app_@v.img"))
        s.offer("app-1.img").file(f"{SOURCE}/BEST-BEFORE-{day}").manifest()
        yield s.ask("--verify=no", "list").ask("--verify=no", "check-new").change("update")

    s = plain_files("leftover-names-of-257")
    s.file(f"{TARGET}/.#sysupdateapp_2.img0123456789abcdef", b"half")
    yield s.look().change("update").change("vacuum")

    s = installed(plain_files("not-in-order-of-time", ("1", "3", "2")), "3", "1")
    yield s.look().change("update").change("update", "2").look()


def all_situations():
    for family in (sparse, choosing, counting, kinds, sets, partitions, patterns, definitions,
                   optional, surroundings):
        yield from family()
