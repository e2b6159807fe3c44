# SPDX-License-Identifier: Apache-2.0
"""What scenes ask of a guest of ab_guest, and the playing of them."""

import time
import traceback

import guest


class Machine:
    """A guest with the systems that were made for it, and the images."""

    def __init__(self, booted, systems, images=None):
        self.guest, self.systems, self.images, self.failed = booted, systems, images, 0

    def expect(self, what, there):
        if not there:
            self.failed += 1
            print(f"not so: {what}", flush=True)

    def ends(self, status, command):
        ended, said = self.guest.run(command, 300)
        self.expect(f"{command} ends with {status}, not {ended}: {said}", ended == status)
        return said

    def serves(self, unit):
        """The unit does what it is for, and its sandbox is in nothing's way."""
        cursor = self.guest.must("journalctl --sync; journalctl --lines=0 --show-cursor --quiet")
        self.ends(0, f"systemctl restart {unit}.service")
        said = self.guest.must("journalctl --sync; journalctl --no-pager --output=cat "
                               f"--unit={unit} --after-cursor='{cursor.split()[-1]}'")
        refused = ("not permitted", "Permission denied", "Read-only file system", "failed")
        self.expect(f"{unit} is let do all it wants: {said}",
                    said and not any(words in said for words in refused))
        return said

    def release(self):
        return self.guest.must(". /etc/os-release; echo -n $IMAGE_VERSION")

    def merged(self, name):
        return self.guest.run(f"cat /usr/share/{name}/version")[1].strip()

    def entries(self):
        return sorted(self.guest.must("ls /efi/EFI/Linux").split())

    def boots_again(self, how):
        """`how` ends this system; the next one answers."""
        self.guest.must(f"systemd-run --no-block --collect --unit=ends-{time.time_ns()} {how}")
        self.guest.boot_id = ""
        while not self.guest.boot_id:
            self.guest.wait_until_up()
        self.guest.run("mountpoint -q /share || mount -o ro /dev/vdb /share")

    def releases_until(self, version):
        """The systems that come up one after the other, up to this one."""
        seen = []
        until = time.monotonic() + 6 * guest.BOOT_SECONDS
        while version not in seen and time.monotonic() < until:
            while not self.guest.greeted(self.guest.line(until)):
                pass
            seen.append(self.release())
        self.guest.run("systemctl is-system-running --wait", guest.BOOT_SECONDS)
        self.guest.run("mountpoint -q /share || mount -o ro /dev/vdb /share")
        return seen


def play(machine, scenes, only=""):
    """Those whose name holds `only`, up to one that cannot go on; what the program ends with."""
    for scene in scenes:
        if only not in scene.__name__:
            continue
        failed = machine.failed
        started = time.monotonic()
        try:
            scene(machine)
        except (guest.GuestFailed, KeyError, IndexError, ValueError):
            machine.failed += 1
            traceback.print_exc()
            print(machine.guest.run("journalctl --boot --no-pager --lines=40 --unit='strake*' "
                                    "--unit='ends*'")[1])
            break
        print(f"{'ok    ' if machine.failed == failed else 'FAILED'} {scene.__name__} "
              f"({time.monotonic() - started:.0f} s)", flush=True)
    print(f"{machine.failed} failures")
    return 1 if machine.failed else 0
