# SPDX-License-Identifier: Apache-2.0
"""A bakery of small extensions: their recipes, a signed repository, and nginx that serves it."""

import os
import socket
import subprocess
import time

from extension_machine import read, write


def free_port():
    """Several of these scenes may be played at one time."""
    with socket.socket() as port:
        port.bind(("127.0.0.1", 0))
        return port.getsockname()[1]


PORT = free_port()
URL = f"http://127.0.0.1:{PORT}"

RECIPE = """\
name: {name}
version: "{version}"
description: {description}
sources:
  files: {{directory: {name}}}
files:
  - {{source: files, path: version, to: /usr/share/{name}/version}}
match: {match}
architectures: x86-64
"""


class Bakery:
    """Recipes, a repository, and the server of it."""

    def __init__(self, binary, folder):
        self.binary, self.folder = binary, folder
        os.makedirs(f"{folder}/nginx")
        self.run("key", "generate", f"{folder}/vendor")
        write(f"{folder}/nginx/nginx.conf", f"""\
daemon off; pid {folder}/nginx/pid; error_log {folder}/nginx/error.log; worker_processes 1;
events {{}}
http {{
  access_log {folder}/nginx/access.log;
  client_body_temp_path {folder}/nginx; proxy_temp_path {folder}/nginx;
  fastcgi_temp_path {folder}/nginx; uwsgi_temp_path {folder}/nginx; scgi_temp_path {folder}/nginx;
  server {{ listen 127.0.0.1:{PORT}; root {folder}/repository; }}
}}
""")
        self.server = None

    def run(self, *arguments):
        done = subprocess.run([self.binary, *arguments], check=False, capture_output=True,
                              text=True)
        if done.returncode != 0:
            raise RuntimeError(f"{arguments}: {done.returncode}: {done.stdout}{done.stderr}")
        return done.stdout

    def bake(self, name, version, match="any"):
        write(f"{self.folder}/recipes/{name}/version", version)
        write(f"{self.folder}/recipes/{name}.yaml", RECIPE.format(
            name=name, version=version, description=f"The program {name}", match=match))
        self.run("bake", f"{self.folder}/recipes/{name}.yaml", "--output",
                 f"{self.folder}/images")

    def publish(self, *more):
        self.run("publish", f"{self.folder}/images", "--repository",
                 f"{self.folder}/repository", "--sign-with", f"{self.folder}/vendor.key", "--url",
                 URL, *more)

    def serve(self):
        self.server = subprocess.Popen(["nginx", "-e", f"{self.folder}/nginx/error.log", "-p",
                                        self.folder, "-c", f"{self.folder}/nginx/nginx.conf"])
        for _ in range(100):
            if subprocess.run(["curl", "-sf", "-o", "/dev/null", f"{URL}/manifest.json"],
                              check=False).returncode == 0:
                return
            time.sleep(0.1)
        raise RuntimeError(f"nginx does not answer: {read(f'{self.folder}/nginx/error.log')}")

    def asked_for(self):
        return read(f"{self.folder}/nginx/access.log") or ""
