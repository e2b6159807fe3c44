# SPDX-License-Identifier: Apache-2.0
"""A machine for what the documentation tells people to type: a copy of this one that is thrown away.

Its root is an overlay of the real one in namespaces of its own, so that every command is run as it
stands there: on /etc, /srv and /usr, as root, by https from servers with their real names. These are
one nginx on the loopback of the namespace, with an authority that only this copy believes.

What cannot be had here has a stand-in, with the reason:
  systemctl   there is no systemd that could start a unit. It notes what was asked for, and knows
              the units that strake brings and that the test says are there.
  mkfs.vfat, mmd, mcopy, mdir
              where the kernel has no vfat, so that a boot partition of it could not be mounted:
              they make and fill one of ext4.
"""

import fcntl
import os
import socket
import struct
import subprocess
import sys

INSIDE = "STRAKE_DOCS_SANDBOX"
SOURCES = os.path.realpath(f"{os.path.dirname(os.path.abspath(__file__))}/../..")
SITES = {"extensions.example.org": "/srv/extensions", "updates.example.org": "/srv/updates",
         "mirror.example.net": "/srv/mirror", "bakery.example.net": "/srv/bakery"}
ASKED = "/run/nginx/access.log"
CALLS = "/run/systemctl.calls"
SYSTEMCTL = f"""\
#!/bin/bash
# What is done to another root real systemd can do.
[[ " $* " != *" --root="* ]] || exec /usr/bin/systemctl "$@"
# Units that are not there are refused, so that no text names one that does not exist.
echo "$*" >>{CALLS}
words=()
for word; do
  [[ $word == -* ]] || words+=("$word")
done
case ${{words[0]}} in
show) exit 0 ;;
is-active) exit 3 ;;
esac
for word in "${{words[@]:1}}"; do
  if [[ ! -e /usr/lib/systemd/system/$word ]]; then
    echo "Unit $word does not exist." >&2
    exit 5
  fi
done
"""

# By debugfs, which wants the place of a file system in an image in bytes; here it is always 1 MiB.
WITHOUT_VFAT = {
    "mkfs.vfat": 'mkfs.ext4 -q -E offset=1048576 "$2" "$3"k',
    "mmd": '''for name in "${@:3}"; do
  debugfs -w -R "mkdir /${name#::}" "${2%@@1M}?offset=1048576" 2>/dev/null
done''',
    "mcopy": 'debugfs -w -R "write $3 /${4#::}" "${2%@@1M}?offset=1048576" 2>/dev/null',
    "mdir": '''debugfs -R "ls -p /${4#::}" "${3%@@1M}?offset=1048576" 2>/dev/null |
  sed -nE "s,^/[0-9]+/[^/]*/[^/]*/[^/]*/([^./][^/]*)/.*,${4/::/::/}/\\1,p"''',
}


def write(path, text, mode=0o644):
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, mode)


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def run(*words, **more):
    done = subprocess.run(words, check=False, capture_output=True, text=True, **more)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(words)}: {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout


def enter(binary, units):
    """Goes on in the copy; 77 where there can be none. Called twice: first it starts this program
    again in namespaces of its own, and then it makes the copy there."""
    if INSIDE not in os.environ:
        words = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child"]
        if subprocess.run([*words, "true"], check=False, capture_output=True).returncode != 0:
            print(f"{sys.argv[0]}: no namespaces here (root is needed)", file=sys.stderr)
            sys.exit(77)
        os.environ[INSIDE] = "1"
        os.execvp("unshare", [*words, sys.executable, *sys.argv])
    make_root(binary, units)
    loopback_up()
    serve()


def make_root(binary, units):
    run("mount", "--make-rprivate", "/")
    base = "/mnt"  # where nothing is that is wanted
    run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", base)
    for name in ("upper", "work", "root"):
        os.mkdir(f"{base}/{name}")
    root = f"{base}/root"
    run("mount", "-t", "overlay", "overlay", "-o",
        f"lowerdir=/,upperdir={base}/upper,workdir={base}/work", root)
    # A file of its own, and no mount, which whatever is merged over /usr would hide.
    run("strip", "--strip-debug", "-o", f"{root}/usr/bin/strake", binary)
    if os.stat(SOURCES).st_dev != os.stat("/").st_dev:
        run("mount", "--bind", SOURCES, f"{root}{SOURCES}")
    for name in ("dev", "sys"):
        run("mount", "--rbind", f"/{name}", f"{root}/{name}")
    run("mount", "-t", "proc", "proc", f"{root}/proc")
    for name in ("run", "tmp", "srv", "efi"):
        os.makedirs(f"{root}/{name}", exist_ok=True)
        run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", f"{root}/{name}")
    os.chdir(root)
    os.mkdir("old")
    run("pivot_root", ".", "old")  # and no chroot, in which nobody may make user namespaces
    os.chdir("/")
    run("umount", "--lazy", "/old")
    os.rmdir("/old")
    run("mount", "--make-rshared", "/")
    os.makedirs("/run/systemd/system")
    write("/usr/local/sbin/systemctl", SYSTEMCTL, 0o755)
    write(CALLS, "")
    if "\tvfat\n" not in read("/proc/filesystems"):
        for name, script in WITHOUT_VFAT.items():
            write(f"/usr/local/sbin/{name}", f"#!/bin/bash\n{script}\n", 0o755)
    for directory in units:
        for name in os.listdir(directory):
            if name.endswith((".service", ".timer", ".socket")):
                have_unit(name, read(f"{directory}/{name}"))
    write("/etc/machine-id", "0123456789abcdef0123456789abcdef\n")
    os.environ.update({"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                       "HOME": "/root", "GNUPGHOME": "/root/.gnupg", "LC_ALL": "C.UTF-8",
                       "SYSTEMD_EMOJI": "0", "SYSTEMD_RELAX_ESP_CHECKS": "1"})


def have_unit(name, text=""):
    write(f"/usr/lib/systemd/system/{name}", text)


def loopback_up():
    get_flags, set_flags, up = 0x8913, 0x8914, 1
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = fcntl.ioctl(any_socket, get_flags, struct.pack("16sH14x", b"lo", 0))
        flags = struct.unpack("16sH14x", request)[1] | up
        fcntl.ioctl(any_socket, set_flags, struct.pack("16sH14x", b"lo", flags))


def serve():
    state = "/run/nginx"
    os.mkdir(state)
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
        "-subj", "/CN=sandbox", "-addext", "subjectAltName=" + ",".join(f"DNS:{name}" for name in SITES),
        "-keyout", f"{state}/key", "-out", f"{state}/certificate")
    with open("/etc/ssl/certs/ca-certificates.crt", "a", encoding="utf-8") as file:
        file.write(read(f"{state}/certificate"))
    write("/etc/hosts", "127.0.0.1 localhost " + " ".join(SITES) + "\n")
    servers = ""
    for name, place in SITES.items():
        os.makedirs(place, exist_ok=True)
        servers += (f"  server {{ listen 127.0.0.1:80; listen 127.0.0.1:443 ssl; "
                    f"server_name {name}; root {place}; }}\n")
    write(f"{state}/nginx.conf", f"""\
user root; pid {state}/pid; error_log {state}/error.log; worker_processes 1;
events {{}}
http {{
  log_format lines '$scheme://$host$uri'; access_log {ASKED} lines;
  client_body_temp_path {state}; proxy_temp_path {state};
  fastcgi_temp_path {state}; uwsgi_temp_path {state}; scgi_temp_path {state};
  ssl_certificate {state}/certificate; ssl_certificate_key {state}/key;
{servers}}}
""")
    run("nginx", "-p", state, "-e", f"{state}/error.log", "-c", f"{state}/nginx.conf")
