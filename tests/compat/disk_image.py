# SPDX-License-Identifier: Apache-2.0
"""Disk images that strake bakes, and the partitions of any."""

import json
import shutil

from client import TEXT, path_in, write
from scenario import demand, must


def partitions(image):
    return json.loads(must("sfdisk", "--json", image))["partitiontable"]["partitions"]


def place_of(image, index):
    one = partitions(image)[index]
    return one["start"] * 512, one["size"] * 512


def partition(image, index):
    start, size = place_of(image, index)
    with open(image, "rb") as file:
        file.seek(start)
        return file.read(size)


def replace_partition(image, index, content):
    start, size = place_of(image, index)
    demand(len(content) == size, "the partitions are of different sizes")
    with open(image, "r+b") as file:
        file.seek(start)
        file.write(content)


def bake(binary, work, name, signer=None, **fields):
    folder = "etc" if fields.get("class") == "confext" else "usr"
    fields = {"name": name, "version": "1", "architectures": "x86-64", "container": "ddi",
              **fields}
    write(f"{work}/{name}.text", TEXT)
    write(f"{work}/{name}.yaml", "".join(f"{key}: {value}\n" for key, value in fields.items()) +
          f"sources: {{text: {{file: {name}.text}}}}\n"
          f"files: [{{to: /{path_in(name, folder)}, source: text}}]\n")
    sign = (f"--key={signer.key}", f"--certificate={signer.certificate}") if signer else ()
    must(binary, "bake", f"--output={work}/out", *sign, f"{work}/{name}.yaml")
    end = "" if fields["architectures"] == "any" else f"_{fields['architectures']}"
    return shutil.copy(f"{work}/out/{name}_1{end}.raw", f"{work}/{name}.raw")
