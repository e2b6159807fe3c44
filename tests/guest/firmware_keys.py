# SPDX-License-Identifier: Apache-2.0
"""Keys in the firmware of a guest. What OVMF finds in its variable "db" it trusts, and so does Linux,
which has it in its keyring .platform then. There is no platform key, so that nothing else is asked
for a signature: this is no Secure Boot."""

import struct
import uuid

STORE = uuid.UUID("aaf32c78-947b-439a-a180-2e144ec37792").bytes_le
DATABASE = uuid.UUID("d719b2cb-3d3a-4596-a3bc-dad00e67656f").bytes_le
X509 = uuid.UUID("a5c059a1-94e4-4aa7-87b5-ab155c2bf072").bytes_le
OWNER = uuid.UUID("5747a4ce-57a4-4e57-a4ce-5747a4ce57a4").bytes_le
# Kept, seen while booting and by the system, changed only with a signature that has a time.
ATTRIBUTES = 0x27
START, IS_THERE = 0x55AA, 0x3F
HEADER = struct.Struct("<HBBIQ16sIII16s")
STORE_HEADER = 28


def signature_list(certificate):
    """Of one certificate, DER."""
    size = len(OWNER) + len(certificate)
    return struct.pack("<16sIII", X509, 28 + size, 0, size) + OWNER + certificate


def enrol(path, certificate):
    """Into a file of variables that has none as yet, as OVMF comes with."""
    with open(path, "r+b") as file:
        content = file.read()
        at = content.index(STORE) + STORE_HEADER
        if content[at:at + 2] != b"\xff\xff":
            raise ValueError(f"{path} has variables already")
        name, value = "db\0".encode("utf-16-le"), signature_list(certificate)
        file.seek(at)
        file.write(HEADER.pack(START, IS_THERE, 0, ATTRIBUTES, 0, bytes(16), 0, len(name),
                               len(value), DATABASE) + name + value)
