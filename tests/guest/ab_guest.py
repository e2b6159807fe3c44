# SPDX-License-Identifier: Apache-2.0
"""A guest that starts as machines do: firmware, systemd-boot, a unified kernel image, and a root on
dm-verity in one of two slots.

    with tempfile.TemporaryDirectory() as folder:
        maker = Maker(folder, "build/dev/strake")
        systems = [maker.system("1"), maker.system("2")]
        with AbGuest(files, maker.disk(systems[0]), ...) as guest:
            ...

The root is what make-image has made, with strake in it, as an erofs.
"""

import glob
import hashlib
import os
import re
import shutil
import subprocess
import sys

import guest

STUB = "/usr/lib/systemd/boot/efi/linuxx64.efi.stub"
LOADER = "/usr/lib/systemd/boot/efi/systemd-bootx64.efi"
FIRMWARE = "/usr/share/OVMF/OVMF_CODE_4M.fd"
VARIABLES = "/usr/share/OVMF/OVMF_VARS_4M.fd"
MODULES = ("virtio_blk", "dm-mod", "dm-bufio", "reed_solomon", "dm-verity", "erofs", "overlay")
PROGRAMS = ("dmsetup", "keyctl")
MIB = 1 << 20
SALT = "5a" * 32
TYPES = {"esp": "C12A7328-F81F-11D2-BA4B-00A0C93EC93B",
         "root": "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709",
         "verity": "2C7357ED-EBD2-46D9-AEC1-23D437EC2BF5",
         "data": "0FC63DAF-8483-4772-8E79-3D69D8477DE4"}
SLOT_MIB, TREE_MIB = 512, 8
# What no scene looks at, and half of the bytes that would be written with each update.
DISPENSABLE = ("usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/zoneinfo",
               "usr/bin/perl*", "usr/bin/python3*", "usr/lib/python3*", "usr/lib/dracut",
               "usr/lib/valgrind", "usr/lib/udev/hwdb.*", "usr/lib/x86_64-linux-gnu/gconv",
               "usr/lib/x86_64-linux-gnu/perl-base", "usr/lib/modules/*/vmlinuz",
               "usr/lib/modules/*/kernel/net", "usr/lib/modules/*/kernel/drivers/net",
               "usr/lib/modules/*/kernel/drivers/infiniband", "var/cache/apt", "var/lib/apt",
               # strake-bless.service finds systems good in most of these machines, and alone.
               "usr/lib/systemd/system-generators/systemd-bless-boot-generator",
               "usr/lib/systemd/system/*.wants/systemd-boot*", "usr/lib/systemd/boot")


def run(*command, **more):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, **more).stdout


def uuid_of(half):
    return "-".join((half[:8], half[8:12], half[12:16], half[16:20], half[20:]))


def release(version):
    """The os-release of a system."""
    return (f"ID=debian\nVERSION_ID={version}\nIMAGE_ID=os\nIMAGE_VERSION={version}\n"
            f"PRETTY_NAME=\"The system {version}\"\n")


class System:
    """One version: its root with hash tree, and the image that boots it."""

    def __init__(self, version, root, tree, root_hash, image):
        self.version, self.root, self.tree = version, root, tree
        self.root_hash, self.image = root_hash, image
        self.root_uuid, self.tree_uuid = uuid_of(root_hash[:32]), uuid_of(root_hash[32:])


class Maker:
    """Makes systems and disks in a folder. `additions` are put into the root: {path: text}."""

    def __init__(self, folder, binary, additions):
        for needed in (STUB, LOADER, FIRMWARE):
            if not os.path.exists(needed):
                print(f"{sys.argv[0]}: there is no {needed}", file=sys.stderr)
                sys.exit(77)
        self.folder, self.binary, self.additions = folder, os.path.realpath(binary), additions
        self.image = guest.find_image()
        self.tree = f"{guest.TREES}/guest.tree"
        os.makedirs(f"{folder}/initrd/dev")
        self.make_initrd()
        self.mount_root()

    def close(self):
        for place in ("root", "lower"):
            subprocess.run(["umount", f"{self.folder}/{place}"], check=False)

    def make_initrd(self):
        place = f"{self.folder}/initrd"
        for folder in ("dev", "proc", "sys", "root"):
            os.makedirs(f"{place}/{folder}", exist_ok=True)
        shutil.copy(f"{self.tree}/usr/bin/busybox", f"{place}/busybox")
        shutil.copy(f"{guest.HERE}/inside/init-verity", f"{place}/init")
        os.chmod(f"{place}/init", 0o755)
        for program in PROGRAMS:
            path = shutil.which(program, path=f"{self.tree}/usr/sbin:{self.tree}/usr/bin")
            shutil.copy(path, f"{place}/{program}")
            needs = run("chroot", self.tree, "ldd", path.removeprefix(self.tree))
            for library in re.findall(r"(/lib\S+)", needs):
                os.makedirs(f"{place}{os.path.dirname(library)}", exist_ok=True)
                shutil.copy(os.path.realpath(f"{self.tree}{library}"), f"{place}{library}")
        for module in MODULES:
            packed, = glob.glob(f"{self.tree}/usr/lib/modules/*/kernel/**/{module}.ko.xz",
                                recursive=True)
            with open(f"{place}/{module}.ko", "wb") as file:
                subprocess.run(["xz", "-dc", packed], check=True, stdout=file)
        names = run("find", ".", cwd=place)
        with open(f"{self.folder}/initrd.cpio", "wb") as file:
            subprocess.run([f"{self.tree}/usr/bin/busybox", "cpio", "-o", "-H", "newc"],
                           input=names.encode(), check=True, stdout=file, cwd=place,
                           stderr=subprocess.DEVNULL)

    def mount_root(self):
        """The file system of make-image, writable in a copy."""
        for place in ("lower", "upper", "work", "root"):
            os.makedirs(f"{self.folder}/{place}")
        run("mount", "-o", "loop,ro,noload", f"{self.image}/disk.raw", f"{self.folder}/lower")
        run("mount", "-t", "overlay", "overlay", "-o",
            f"lowerdir={self.folder}/lower,upperdir={self.folder}/upper,workdir={self.folder}/work",
            f"{self.folder}/root")
        root = f"{self.folder}/root"
        for pattern in DISPENSABLE:
            run("rm", "-rf", *glob.glob(f"{root}/{pattern}"))
        for folder in ("efi", "home", "srv"):
            os.makedirs(f"{root}/{folder}", exist_ok=True)
        lent = f"{self.folder}/lent"
        os.makedirs(lent)
        for program, place in (("strake", "bin"), ("strake-fetch", "libexec")):
            guest.lend_program(os.path.join(os.path.dirname(self.binary), program), lent)
            os.makedirs(f"{root}/usr/{place}", exist_ok=True)
            run("strip", "-o", f"{root}/usr/{place}/{program}", f"{lent}/{program}")
        shutil.copytree(f"{lent}/lent", f"{root}/usr/lib/lent")
        self.write("etc/ld.so.conf.d/lent.conf", "/usr/lib/lent\n")
        run("ldconfig", "-r", root)
        self.write("etc/fstab", "LABEL=var /var ext4 defaults 0 0\n"
                                "LABEL=ESP /efi vfat umask=0077 0 2\n")
        units = os.path.join(guest.HERE, "../../units")
        built = os.path.join(os.path.dirname(self.binary), "units")
        for path in (glob.glob(f"{units}/*.timer") + glob.glob(f"{units}/*.socket")
                     + glob.glob(f"{built}/*.service")):
            with open(path, encoding="utf-8") as file:
                self.write(f"usr/lib/systemd/system/{os.path.basename(path)}",
                           file.read().replace("=/usr/local/", "=/usr/"))
        for unit, wants in (("strake-follow", "sysinit.target.wants"),
                            ("strake-extensions", "sysinit.target.wants"),
                            ("strake-reset", "sysinit.target.wants"),
                            ("strake-health", "boot-complete.target.requires"),
                            ("strake-bless", "multi-user.target.wants")):
            wants = f"{root}/etc/systemd/system/{wants}"
            os.makedirs(wants, exist_ok=True)
            os.symlink(f"/usr/lib/systemd/system/{unit}.service", f"{wants}/{unit}.service")
        for path, text in self.additions.items():
            self.write(path, text)

    def write(self, path, text):
        os.makedirs(os.path.dirname(f"{self.folder}/root/{path}"), exist_ok=True)
        with open(f"{self.folder}/root/{path}", "w", encoding="utf-8") as file:
            file.write(text)
        if text.startswith("#!"):
            os.chmod(f"{self.folder}/root/{path}", 0o755)

    def system(self, version, options=""):
        path = f"{self.folder}/root/usr/lib/os-release"
        if os.path.lexists(path):
            os.unlink(path)
        self.write("usr/lib/os-release", release(version))
        root, tree = (f"{self.folder}/{name}_{version}" for name in ("root", "tree"))
        run("mkfs.erofs", "-zlz4", "-T0", root, f"{self.folder}/root", stderr=subprocess.DEVNULL)
        said = run("veritysetup", "format", f"--salt={SALT}", root, tree)
        root_hash = re.search(r"Root hash:\s+([0-9a-f]+)", said).group(1)
        system = System(version, root, tree, root_hash, f"{self.folder}/os_{version}.efi")
        self.make_unified_image(system, system.image, options)
        return system

    def make_unified_image(self, system, path, options):
        """What boots it, with these options more than any needs."""
        kernel = f"{self.image}/kernel"
        version, = os.listdir(f"{self.tree}/usr/lib/modules")
        texts = {"osrel": release(system.version), "uname": version,
                 "cmdline": f"{guest.KERNEL_LINE} roothash={system.root_hash}{options}"}
        files = {".linux": kernel, ".initrd": f"{self.folder}/initrd.cpio"}
        for name, text in texts.items():
            files[f".{name}"] = f"{self.folder}/section.{name}"
            with open(files[f".{name}"], "w", encoding="utf-8") as file:
                file.write(text)
        arguments, address = [], 0x2000000
        for name in (".osrel", ".cmdline", ".uname", ".linux", ".initrd"):
            arguments += ["--add-section", f"{name}={files[name]}",
                          "--change-section-vma", f"{name}={address:#x}"]
            address += (os.path.getsize(files[name]) + 0xfffff) & ~0xfffff
        run("objcopy", *arguments, STUB, path)

    def disk(self, system):
        """A disk with this system in its first slot, found good, the other slot empty."""
        path = f"{self.folder}/disk.raw"
        parts = [("esp", 160, "ESP", None), ("root", SLOT_MIB, f"root_{system.version}",
                                             system.root_uuid),
                 ("verity", TREE_MIB, f"root_{system.version}_v", system.tree_uuid),
                 ("root", SLOT_MIB, "_empty", None), ("verity", TREE_MIB, "_empty", None),
                 ("data", 2048, "var", None)]
        table, starts, at = "label: gpt\n", [], 1
        for kind, size, label, uuid in parts:
            table += (f"start={at * 2048}, size={size * 2048}, type={TYPES[kind]}, name={label}"
                      f"{f', uuid={uuid}' if uuid else ''}\n")
            starts.append(at)
            at += size
        with open(path, "wb") as file:
            file.truncate((at + 1) * MIB)
        run("sfdisk", "-q", path, input=table)
        self.make_esp(system, parts[0][1])
        self.make_var(parts[5][1])
        for index, source in ((0, f"{self.folder}/esp"), (1, system.root), (2, system.tree),
                              (5, f"{self.folder}/var.raw")):
            run("dd", f"if={source}", f"of={path}", "bs=1M", f"seek={starts[index]}",
                "conv=notrunc,sparse", "status=none")
        return path

    def make_esp(self, system, size):
        esp = f"{self.folder}/esp"
        with open(esp, "wb") as file:
            file.truncate(size * MIB)
        run("mkfs.vfat", "-F32", "-S512", "-n", "ESP", esp)
        with open(f"{self.folder}/loader.conf", "w", encoding="utf-8") as file:
            file.write("timeout 0\n")
        run("mmd", "-i", esp, "::/EFI", "::/EFI/BOOT", "::/EFI/Linux", "::/loader")
        run("mcopy", "-i", esp, LOADER, "::/EFI/BOOT/BOOTX64.EFI")
        run("mcopy", "-i", esp, f"{self.folder}/loader.conf", "::/loader/loader.conf")
        run("mcopy", "-i", esp, system.image, f"::/EFI/Linux/os_{system.version}.efi")

    def make_var(self, size):
        """What /var has in the root, on a file system of its own."""
        place = f"{self.folder}/var.raw"
        with open(place, "wb") as file:
            file.truncate(size * MIB)
        run("mkfs.ext4", "-q", "-F", "-L", "var", "-d", f"{self.folder}/root/var", place)

    def offer(self, system, folder):
        """Puts a system where an update finds it."""
        os.makedirs(folder, exist_ok=True)
        for source, name in ((system.root, f"os_{system.version}_{system.root_uuid}.root"),
                             (system.tree, f"os_{system.version}_{system.tree_uuid}.verity"),
                             (system.image, f"os_{system.version}.efi")):
            shutil.copy(source, f"{folder}/{name}")
        sum_up(folder)


def digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sum_up(folder):
    with open(f"{folder}/SHA256SUMS", "w", encoding="utf-8") as sums:
        for name in sorted(os.listdir(folder)):
            if name != "SHA256SUMS":
                sums.write(f"{digest(f'{folder}/{name}')} *{name}\n")


class AbGuest(guest.Guest):
    """Boots from its own disk, which it changes; snapshots are for whoever wants the same again."""

    def __init__(self, files, disk):
        super().__init__(files)
        self.disk = disk
        self.variables = f"{self.scratch}/variables"
        shutil.copy(VARIABLES, self.variables)

    def command(self):
        words = super().command()
        for option in ("-kernel", "-initrd", "-append"):
            at = words.index(option)
            del words[at:at + 2]
        root = next(index for index, word in enumerate(words) if word.startswith("if=none,id=root"))
        words[root] = f"if=none,id=root,file={self.disk},format=raw,cache=unsafe"
        return [*words,
                "-drive", f"if=pflash,format=raw,unit=0,readonly=on,file={FIRMWARE}",
                "-drive", f"if=pflash,format=raw,unit=1,file={self.variables}"]
