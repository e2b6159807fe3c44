# SPDX-License-Identifier: Apache-2.0
"""A small machine with extensions, in a mount namespace of its own.

Its root is a directory, on a shared tmpfs as merging wants it. It is changed either from outside by
--root=, or, where a Debian tree can be had, from within by chroot, as its "/". The sets of
extensions lie beside the search directory and are moved there:

  app    a directory extension: /usr/share/app/version, /opt/app/version, /opt/app/from-1 or from-2
  tool   an image: /usr/share/tool/version
  gone   a directory extension of set 1 only: /usr/share/gone/version
  fresh  a directory extension of set 2 only: /usr/share/fresh/version
"""

import atexit
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TREES = os.environ.get("STRAKE_TREES", os.path.normpath(f"{HERE}/../../build/trees"))
INSIDE = "STRAKE_EXTENSION_MACHINE"
PATIENCE_SECONDS = 120
HIERARCHIES = ("usr", "opt")
MEMBERS = {"1": ("app", "tool", "gone"), "2": ("app", "tool", "fresh")}


def enter_namespace():
    """Starts this program again in a mount namespace of its own; 77 where there can be none."""
    if INSIDE in os.environ:
        # What runs here must find nothing of this machine to merge, nor leave anything on it.
        subprocess.run(["mount", "--make-rprivate", "/"], check=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run"], check=True)
        subprocess.run(["mount", "--make-rshared", "/"], check=True)
        os.makedirs("/run/systemd/system")
        return
    if subprocess.run(["unshare", "--mount", "true"], check=False,
                      capture_output=True).returncode != 0:
        print(f"{sys.argv[0]}: no mount namespaces here (root is needed)", file=sys.stderr)
        sys.exit(77)
    os.environ[INSIDE] = "1"
    os.execvp("unshare", ["unshare", "--mount", sys.executable, *sys.argv])


def tree_of(suite):
    """A Debian tree, made if need be; nothing if it cannot be made here."""
    tree = os.path.join(TREES, suite)
    made = subprocess.run([f"{HERE}/../compat/make-tree", suite, tree], check=False)
    return tree if made.returncode == 0 else None


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def read(path):
    """The text of a file; nothing if there is none."""
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        return None


def extension(folder, name, files):
    write(f"{folder}/usr/lib/extension-release.d/extension-release.{name}", "ID=_any\n")
    for path, text in files.items():
        write(f"{folder}/{path}", text)


def image(folder, path, kind="squashfs"):
    """A raw image of what is in the folder, which goes away."""
    if kind == "squashfs":
        command = ["mksquashfs", folder, path, "-all-root", "-noappend", "-quiet", "-no-progress"]
    else:
        command = ["mkfs.erofs", "--quiet", "--all-root", path, folder]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    shutil.rmtree(folder)


class Ours:
    """strake, called as systemd-sysext."""

    def __init__(self, binary):
        self.binary = os.path.realpath(binary)
        self.folder = tempfile.mkdtemp(prefix="called-", dir="/run")
        os.symlink(self.binary, f"{self.folder}/systemd-sysext")

    def outside(self):
        return [f"{self.folder}/systemd-sysext"]

    def install(self, root):
        shutil.copy(self.binary, f"{root}/usr/bin/strake")
        os.unlink(f"{root}/usr/bin/systemd-sysext")
        os.symlink("strake", f"{root}/usr/bin/systemd-sysext")
        asked = subprocess.run(["chroot", root, "ldd", "/usr/bin/strake"], check=False,
                               capture_output=True, text=True)
        has = subprocess.run(["ldd", self.binary], check=True, capture_output=True, text=True)
        os.makedirs(f"{root}/lent")
        for name in re.findall(r"^\s*(.*) => not found", asked.stdout + asked.stderr, re.M):
            if path := re.search(rf"^\s*{re.escape(name)} => (\S+)", has.stdout, re.M):
                shutil.copy(path[1], f"{root}/lent/{name}")


class Theirs:
    """The systemd-sysext of a Debian tree. Outside of its tree the tree's loader runs it, with the
    libraries there."""

    def __init__(self, tree):
        self.tree = os.path.realpath(tree)

    def outside(self):
        libraries = [os.path.dirname(path) for name in ("libc.so.6", "systemd/libsystemd-shared-*")
                     for path in glob.glob(f"{self.tree}/usr/lib/*/{name}")]
        return [glob.glob(f"{self.tree}/usr/lib*/ld-linux*")[0], "--argv0", "systemd-sysext",
                "--library-path", ":".join(libraries), f"{self.tree}/usr/bin/systemd-sysext"]

    def install(self, root):
        """It is there."""


class Machine:
    """One root, on a file system of its own that goes away with the namespace. With a tree, the
    root is a copy of it, and programs are called within."""

    def __init__(self, program, tree=None):
        # Not beneath /run, which systemd-sysext cuts off from what it mounts.
        self.root = tempfile.mkdtemp(prefix="extension-machine-",
                                     dir=os.environ.get("TMPDIR", "/var/tmp"))
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", self.root], check=True)
        atexit.register(self.close)
        self.program, self.tree = program, tree
        self.chosen = None
        if tree:
            subprocess.run(["cp", "-a", f"{tree}/.", self.root], check=True)
            program.install(self.root)
            for name in ("dev", "sys"):
                subprocess.run(["mount", "--rbind", f"/{name}", f"{self.root}/{name}"], check=True)
            subprocess.run(["mount", "-t", "proc", "proc", f"{self.root}/proc"], check=True)
            subprocess.run(["mount", "-t", "tmpfs", "tmpfs", f"{self.root}/run"], check=True)
            os.makedirs(f"{self.root}/run/systemd/system")
        else:
            write(f"{self.root}/etc/os-release", "ID=small\nVERSION_ID=1\n")
        for hierarchy in HIERARCHIES:
            write(f"{self.root}/{hierarchy}/base", "base")
        self.search = f"{self.root}/var/lib/extensions"
        os.makedirs(self.search, exist_ok=True)

    def close(self):
        """By itself at the end; before, if the program goes on with another machine."""
        if os.path.ismount(self.root):
            subprocess.run(["umount", "--recursive", "--lazy", self.root], check=True)
            os.rmdir(self.root)

    def command(self, *arguments):
        if self.tree:
            return ["chroot", self.root, "systemd-sysext", "--no-reload", *arguments]
        return [*self.program.outside(), f"--root={self.root}", *arguments]

    def environment(self):
        if not self.tree:
            return dict(os.environ)
        return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LANG": "C.UTF-8",
                "LD_LIBRARY_PATH": "/lent"}

    def start(self, *arguments):
        return subprocess.Popen(self.command(*arguments), text=True, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                env=self.environment())

    def run(self, *arguments):
        """(exit status, what it said)"""
        run = subprocess.run(self.command(*arguments), check=False, text=True, errors="replace",
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, timeout=PATIENCE_SECONDS,
                             env=self.environment())
        return run.returncode, run.stdout.strip()

    def must(self, *arguments):
        status, said = self.run(*arguments)
        if status != 0:
            raise RuntimeError(f"{' '.join(arguments)} ended with {status}: {said}")

    # ---- the two sets

    def make_sets(self):
        for number in MEMBERS:
            folder = f"{self.root}/sets/{number}"
            extension(f"{folder}/app", "app", {"usr/share/app/version": number,
                                               "opt/app/version": number,
                                               f"opt/app/from-{number}": number})
            alone = "gone" if number == "1" else "fresh"
            extension(f"{folder}/{alone}", alone, {f"usr/share/{alone}/version": number})
            extension(f"{folder}/tool", "tool", {"usr/share/tool/version": number})
            image(f"{folder}/tool", f"{folder}/tool.raw")

    def choose(self, number):
        """Takes the set that is in the search directory out of it, and puts this one there."""
        if number == self.chosen:
            return
        for chosen in (self.chosen, number):
            for name in MEMBERS.get(chosen, ()):
                name = f"{name}.raw" if name == "tool" else name
                places = [f"{self.search}/{name}", f"{self.root}/sets/{chosen}/{name}"]
                os.rename(*(places if chosen == self.chosen else reversed(places)))
        self.chosen = number

    def seen(self, hierarchy, without=""):
        """The number of the set that is seen whole in the hierarchy, but for the member `without`,
        else what is seen instead."""
        wanted = {"usr": {"share/app/version": "12", "share/tool/version": "12",
                          "share/gone/version": "1", "share/fresh/version": "2", "base": "both"},
                  "opt": {"app/version": "12", "app/from-1": "1", "app/from-2": "2",
                          "base": "both"}}[hierarchy]
        found = {path: read(f"{self.root}/{hierarchy}/{path}") for path in wanted}
        for number in MEMBERS:
            whole = {path: "base" if which == "both" else number if number in which else None
                     for path, which in wanted.items()}
            whole |= {path: None for path in wanted if without and without in path.split("/")}
            if found == whole:
                return number
        return f"/{hierarchy} holds {found}"

    def overlays(self):
        """{hierarchy: how many overlays lie on it}"""
        counts = dict.fromkeys(HIERARCHIES, 0)
        with open("/proc/self/mountinfo", encoding="utf-8") as file:
            for line in file:
                point, kind = line.split()[4], line.split(" - ")[1].split()[0]
                name = os.path.relpath(point, self.root)
                if kind == "overlay" and name in counts:
                    counts[name] += 1
        return counts

    def fault(self, *allowed, without=""):
        """What is wrong with what is merged, if the sets allowed are those that may be seen, but for
        the member `without`."""
        doubled = [f"{count} overlays on /{name}" for name, count in self.overlays().items()
                   if count != 1]
        seen = [self.seen(hierarchy, without) for hierarchy in HIERARCHIES]
        wrong = [what for what in seen if what not in allowed]
        if not wrong and len(set(seen)) > 1:
            wrong = [f"/usr is of set {seen[0]}, /opt of set {seen[1]}"]
        return "; ".join(doubled + wrong)

    def leftovers(self):
        """What is still there after unmerge, in words."""
        left = [f"{count} overlays on /{name}" for name, count in self.overlays().items() if count]
        device = os.stat(self.root).st_dev
        number = f"{os.major(device)}:{os.minor(device)}"
        listed = subprocess.run(["losetup", "--noheadings", "--list", "--output",
                                 "NAME,BACK-MAJ:MIN"], check=True, capture_output=True, text=True)
        left += [f"{line.split()[0]} is not detached" for line in listed.stdout.splitlines()
                 if line.split()[1:] == [number]]
        return "; ".join(left)

    def clear(self):
        """Takes everything off the hierarchies by force."""
        for name in HIERARCHIES:
            while self.overlays()[name]:
                subprocess.run(["umount", "--recursive", "--lazy", f"{self.root}/{name}"],
                               check=True)
