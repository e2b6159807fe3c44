# SPDX-License-Identifier: Apache-2.0
"""A small virtual machine with a systemd of its own, for what a namespace cannot show.

    with Guest(files) as guest:
        guest.must("systemctl is-active dbus")

It boots from an image that make-image leaves in build/trees. What it writes there is gone with it.
The directory `files` is seen as /share, as it was at the start. Commands run as root in a shell of
the guest, through its agent (inside/agent), one at a time.
"""

import base64
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TREES = os.environ.get("STRAKE_TREES", os.path.normpath(f"{HERE}/../../build/trees"))
# Five times and more of what it takes on two idle cores.
BOOT_SECONDS = 300
COMMAND_SECONDS = 120
MIB = 1 << 20

# Emulated on purpose: which machines can do better, and with which kernels, cannot be told from
# /dev/kvm. A plain PC, because a microvm has no clock but one that Linux 6.12.117 waits for in vain;
# and this processor, because each feature of a newer one costs time to set up.
MACHINE = ["-machine", "pc,vmport=off", "-accel", "tcg,thread=multi,tb-size=256",
           "-cpu", "Nehalem", "-smp", "2", "-m", "768", "-nodefaults", "-no-user-config",
           "-display", "none"]
# On a busy host the kernel takes timers for broken that are only late, unless told not to look, and
# systemd gives up after 90 s on a disk that is there a moment later.
KERNEL_LINE = ("console=ttyS0 quiet systemd.show_status=0 mitigations=off audit=0 nokaslr panic=-1 "
               f"no_timer_check systemd.default_device_timeout_sec={BOOT_SECONDS}")


class GuestFailed(Exception):
    """The guest does not answer, or a command in it ended otherwise than it had to."""


def find_image():
    """Where the image lies, made if need be; ends the program with 77 where none can be had."""
    if not shutil.which("qemu-system-x86_64"):
        print(f"{sys.argv[0]}: qemu-system-x86_64 is not installed", file=sys.stderr)
        sys.exit(77)
    image = os.path.join(TREES, "guest")
    status = subprocess.run([f"{HERE}/make-image", image], check=False).returncode
    if status != 0:
        sys.exit(status)
    return image


def lend_program(program, files):
    """Puts a program into `files`, and in files/lent the libraries that the guest does not have."""
    shutil.copy(program, f"{files}/{os.path.basename(program)}")
    os.makedirs(f"{files}/lent", exist_ok=True)
    there = set(os.listdir(f"{TREES}/guest.tree/usr/lib/x86_64-linux-gnu"))
    has = subprocess.run(["ldd", program], check=True, capture_output=True, text=True).stdout
    for name, path in re.findall(r"^\s*(\S+) => (/\S+)", has, re.MULTILINE):
        if name not in there:
            shutil.copy(path, f"{files}/lent/{name}")


class Guest:
    def __init__(self, files, kernel_line=""):
        self.image = find_image()
        self.scratch = tempfile.mkdtemp(prefix="guest-", dir=os.environ.get("TMPDIR", "/var/tmp"))
        self.files = files
        self.kernel_line = f"{KERNEL_LINE} {kernel_line}"
        self.emulator = self.port = self.monitor = None
        self.received = b""
        self.asked = 0
        self.boot_id = ""
        self.soft_reboots = 0

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def start(self):
        started = time.monotonic()
        self.launch_until_agent()
        self.wait_for_services()
        self.must("mount -o ro /dev/vdb /share")
        print(f"guest: up after {time.monotonic() - started:.0f} s", flush=True)

    def launch(self):
        self.emulator = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL,
                                         stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.port = self.connect("agent")

    def launch_until_agent(self):
        """One whose kernel does not say a word is started once more: that is the emulator's fault,
        seen once in about two hundred boots, on a busy host, and nothing has run in it as yet."""
        self.launch()
        try:
            self.wait_for_agent()
        except GuestFailed:
            if self.has_spoken():
                raise
            print(f"guest: it hangs before its kernel has spoken, and is started again; processors: "
                  f"{self.processors()}", flush=True)
            self.end()
            self.launch()
            self.wait_for_agent()

    def connect(self, name):
        """To the socket of the emulator that has this name."""
        port = socket.socket(socket.AF_UNIX)
        while port.connect_ex(f"{self.scratch}/{name}") != 0:
            if self.emulator.poll() is not None:
                raise GuestFailed(f"qemu says: {self.emulator.stderr.read().decode()}")
            time.sleep(0.02)
        return port

    def close(self):
        self.end()
        shutil.rmtree(self.scratch)

    def end(self):
        """Of the emulator, and of what is known of it."""
        if self.emulator:
            self.emulator.kill()
            self.emulator.wait()
        if self.port:
            self.port.close()
        self.emulator = self.port = self.monitor = None
        self.received = b""

    def make_share(self):
        """The disk that `files` is on."""
        share = f"{self.scratch}/share.raw"
        used = subprocess.run(["du", "-sm", "--apparent-size", self.files], check=True,
                              capture_output=True, text=True).stdout
        with open(share, "wb") as file:
            file.truncate((2 * int(used.split()[0]) + 16) * MIB)
        subprocess.run(["mkfs.ext4", "-q", "-F", "-d", self.files, share], check=True)
        return share

    def command(self):
        share = self.make_share()
        return ["qemu-system-x86_64", *MACHINE, "-kernel", f"{self.image}/kernel",
                "-initrd", f"{self.image}/initrd.cpio", "-append", self.kernel_line,
                "-serial", f"file:{self.scratch}/console",
                "-device", "virtio-serial-pci",
                "-chardev", f"socket,id=agent,path={self.scratch}/agent,server=on,wait=off",
                "-device", "virtserialport,chardev=agent,name=strake",
                "-qmp", f"unix:{self.scratch}/monitor,server=on,wait=off",
                "-drive", f"if=none,id=root,file={self.image}/disk.raw,format=raw,snapshot=on",
                "-device", "virtio-blk-pci,drive=root",
                "-drive", f"if=none,id=share,file={share},format=raw,readonly=on",
                "-device", "virtio-blk-pci,drive=share"]

    # ---- the agent

    def line(self, until):
        while b"\n" not in self.received:
            left = until - time.monotonic()
            if left <= 0:
                raise GuestFailed(f"the guest does not answer; its processors: {self.processors()}; "
                                  f"its console:\n{self.console()}")
            self.port.settimeout(left)
            try:
                more = self.port.recv(1 << 16)
            except TimeoutError:
                continue
            if not more:
                raise GuestFailed(f"the guest has ended; its console:\n{self.console()}")
            self.received += more
        first, self.received = self.received.split(b"\n", 1)
        return first.decode().split(" ")

    def greeted(self, words):
        if words[0] == "ready":
            self.boot_id, self.soft_reboots = words[1], int(words[2])
        return words[0] == "ready"

    def wait_for_agent(self):
        until = time.monotonic() + BOOT_SECONDS
        while not self.greeted(self.line(until)):
            pass

    def wait_until_up(self):
        """Until the agent has said that it is there, and systemd that it has started everything;
        also after a reboot or soft-reboot. boot_id and soft_reboots say which boot this is then."""
        self.wait_for_agent()
        self.wait_for_services()

    def wait_for_services(self):
        state = self.run("systemctl is-system-running --wait", BOOT_SECONDS)[1].strip()
        if state != "running":
            raise GuestFailed(f"the guest is {state}: "
                              f"{self.run('systemctl --failed --no-legend --plain')[1]}")

    def run(self, command, seconds=COMMAND_SECONDS):
        """(exit status, what it said)"""
        return self.answer(self.ask(command, seconds), seconds)

    def ask(self, command, seconds=COMMAND_SECONDS):
        """The number under which the answer will come."""
        self.asked += 1
        words = base64.b64encode(command.encode()).decode()
        self.port.sendall(f"{self.asked} {seconds} {words}\n".encode())
        return self.asked

    def answer(self, number, seconds=COMMAND_SECONDS):
        until = time.monotonic() + seconds + 30
        while True:
            answer = self.line(until)
            if answer[0] == str(number):
                return int(answer[1]), base64.b64decode(answer[2]).decode(errors="replace")
            self.greeted(answer)

    def must(self, command, seconds=COMMAND_SECONDS):
        """What it said."""
        status, said = self.run(command, seconds)
        if status != 0:
            raise GuestFailed(f"{command}\nended with {status}: {said}")
        return said

    def write(self, path, text):
        words = base64.b64encode(text.encode()).decode()
        self.must(f"mkdir -p $(dirname {path}) && base64 --decode <<<'{words}' >{path}")

    def console(self):
        with open(f"{self.scratch}/console", encoding="utf-8", errors="replace") as file:
            return file.read()[-4000:]

    def has_spoken(self):
        """Whether anything came after the firmware."""
        return self.console().rpartition("BdsDxe: starting")[2].partition("\n")[2].strip() != ""

    # ---- the emulator

    def control(self, command, **arguments):
        """What QEMU answers."""
        if self.monitor is None:
            self.monitor = self.connect("monitor").makefile("rw")
            self.monitor.readline()
            self.control("qmp_capabilities")
        self.monitor.write(json.dumps({"execute": command, "arguments": arguments}))
        self.monitor.flush()
        answer = {}
        while "return" not in answer:
            answer = json.loads(self.monitor.readline())
            if "error" in answer:
                raise GuestFailed(f"{command}: {answer}")
        return answer["return"]

    def processors(self):
        """Where they are, and whether they halt."""
        said = self.control("human-monitor-command", **{"command-line": "info registers -a"})
        return " ".join(re.findall(r"[RE]IP=\w+|HLT=\d", said))

    def disk_counts(self):
        """What was read from the root's disk, and written to it, since the emulator was started."""
        disk, = (row for row in self.control("query-blockstats") if row["device"] == "root")
        return disk["stats"]
