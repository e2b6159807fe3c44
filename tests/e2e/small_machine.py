# SPDX-License-Identifier: Apache-2.0
"""A machine small enough to be made and judged in a moment, without root: a directory that strake
sees as --root, with a GPT disk image of two root slots and a folder of boot files, and a server on
loopback that offers versions to it.

Version 2 is the one that runs (IMAGE_VERSION) and fills slot 1; version 1 is in slot 2; version 3
is offered. Whatever happens to an update, slot 1 must stay as it is.
"""

import hashlib
import http.server
import json
import os
import random
import subprocess
import threading

ROOT_TYPE = "4f68bce3-e8cd-4db1-96e7-fbcaf984b709"
SECTOR = 512
SLOT_BYTES = 4 << 20
PAYLOAD_BYTES = 3 << 20
RUNNING, OLD, NEW = "2", "1", "3"

# What strake(1) documents under EXIT STATUS; 1 is the normal "no".
DOCUMENTED = range(0, 12)
BUSY = 5


def root_image(version):
    return b"root" * 128 + random.Random(f"root {version}").randbytes(PAYLOAD_BYTES - 512)


def boot_file(version):
    return b"boot" * 128 + random.Random(f"boot {version}").randbytes(20000)


class Server:
    """Static files with ranges, from memory. While `gate` is not set, payloads are held back, and
    `waiting` tells that somebody asks for one."""

    def __init__(self):
        self.files = {}
        self.gate = threading.Event()
        self.gate.set()
        self.waiting = threading.Event()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle(self):
                try:
                    super().handle()
                except ConnectionError:
                    pass  # whoever asked was killed, or meant to fail: that is what is tested

            def do_GET(self):
                outer.answer(self)

            def do_HEAD(self):
                outer.answer(self)

            def log_message(self, *_):
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def offer(self, version):
        self.files[f"root-{version}.raw"] = root_image(version)
        self.files[f"boot-{version}.efi"] = boot_file(version)
        self.files["SHA256SUMS"] = "".join(
            f"{hashlib.sha256(content).hexdigest()}  {name}\n"
            for name, content in sorted(self.files.items()) if name != "SHA256SUMS").encode()

    def answer(self, request):
        name = request.path.lstrip("/")
        content = self.files.get(name)
        if content is None:
            request.send_error(404)
            return
        if name != "SHA256SUMS" and request.command == "GET" and not self.gate.is_set():
            self.waiting.set()
            self.gate.wait()
        tag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
        first, last = 0, len(content) - 1
        wanted = request.headers.get("Range", "")
        if wanted.startswith("bytes=") and request.headers.get("If-Range", tag) == tag:
            begin, _, end = wanted[6:].partition("-")
            first, last = int(begin), min(int(end or last), last)
            request.send_response(206)
            request.send_header("Content-Range", f"bytes {first}-{last}/{len(content)}")
        else:
            request.send_response(200)
        request.send_header("Content-Length", str(last - first + 1))
        request.send_header("ETag", tag)
        request.end_headers()
        if request.command == "GET":
            request.wfile.write(content[first:last + 1])

    def close(self):
        self.gate.set()
        self.http.shutdown()


def made(folder, url):
    """A new machine in `folder`."""
    for inner in ("etc/sysupdate.d", "boot", "var/lib", "var/tmp", "run", "tmp", "usr/lib"):
        os.makedirs(f"{folder}/{inner}")
    with open(f"{folder}/etc/os-release", "w", encoding="utf-8") as out:
        out.write(f"ID=small\nVERSION_ID=1\nIMAGE_ID=small\nIMAGE_VERSION={RUNNING}\n")
    transfers = {
        "10-root": (f"Type=url-file\nPath={url}\nMatchPattern=root-@v.raw\n",
                    "Type=partition\nPath=/disk.raw\nMatchPattern=root-@v\n"
                    "MatchPartitionType=root-x86-64\nInstancesMax=2\n"),
        "20-boot": (f"Type=url-file\nPath={url}\nMatchPattern=boot-@v.efi\n",
                    "Type=regular-file\nPath=/boot\nMatchPattern=boot_@v.efi\nInstancesMax=2\n"),
    }
    for name, (source, target) in transfers.items():
        with open(f"{folder}/etc/sysupdate.d/{name}.transfer", "w", encoding="utf-8") as out:
            out.write(f"[Transfer]\nProtectVersion=%A\n[Source]\n{source}[Target]\n{target}")
    disk = f"{folder}/disk.raw"
    with open(disk, "wb") as out:
        out.truncate((4 << 20) + 2 * SLOT_BYTES)
    sectors = SLOT_BYTES // SECTOR
    subprocess.run(["sfdisk", "--quiet", disk], check=True, text=True, input=(
        "label: gpt\n" + "".join(f"size={sectors}, type={ROOT_TYPE}, name=root-{version}\n"
                                 for version in (RUNNING, OLD))))
    with open(disk, "r+b") as out:
        for slot, version in enumerate((RUNNING, OLD)):
            out.seek(partitions(folder)[slot]["start"] * SECTOR)
            out.write(root_image(version))
    for version in (RUNNING, OLD):
        with open(f"{folder}/boot/boot_{version}.efi", "wb") as out:
            out.write(boot_file(version))
    return folder


def copied(master, folder):
    subprocess.run(["cp", "--archive", "--sparse=always", master, folder], check=True)
    return folder


def command(binary, folder, *arguments):
    return [binary, f"--root={folder}", "--verify=no", *arguments]


def partitions(folder):
    table = subprocess.run(["sfdisk", "--json", f"{folder}/disk.raw"], check=True,
                           capture_output=True, text=True).stdout
    return json.loads(table)["partitiontable"]["partitions"]


def slot_content(folder, partition, size):
    with open(f"{folder}/disk.raw", "rb") as disk:
        disk.seek(partition["start"] * SECTOR)
        return disk.read(size)


def running_is_untouched(folder):
    """None, or what is wrong with the slot or the boot file of the version that runs."""
    verdict = subprocess.run(["sfdisk", "--verify", f"{folder}/disk.raw"], check=False,
                             capture_output=True, text=True)
    if verdict.returncode != 0:
        return f"the partition table is damaged: {verdict.stderr.strip()}"
    slot = partitions(folder)[0]
    if slot.get("name") != f"root-{RUNNING}" or slot["type"].lower() != ROOT_TYPE:
        return f"the running slot is now called {slot.get('name')} of type {slot['type']}"
    if slot_content(folder, slot, PAYLOAD_BYTES) != root_image(RUNNING):
        return "the content of the running slot has changed"
    if content_of(f"{folder}/boot/boot_{RUNNING}.efi") != boot_file(RUNNING):
        return "the boot file of the running version has changed"
    return None


def newest_is_installed(folder):
    """None, or what is missing of version NEW."""
    slot = partitions(folder)[1]
    if slot.get("name") != f"root-{NEW}" or slot["type"].lower() != ROOT_TYPE:
        return f"slot 2 is called {slot.get('name')} of type {slot['type']}, not root-{NEW}"
    if slot_content(folder, slot, PAYLOAD_BYTES) != root_image(NEW):
        return f"slot 2 does not hold version {NEW}"
    if content_of(f"{folder}/boot/boot_{NEW}.efi") != boot_file(NEW):
        return f"the boot file of version {NEW} is missing or wrong"
    return None


def content_of(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None
