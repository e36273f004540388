#!/usr/bin/env bash
# fsspec-xrootd 0.5.5 with xrootd 6.2.1: bare names in one listing, no `cat` of a file, and no FileNotFoundError.
#
# Behaviour: `ls` gives full paths with details and bare names without; `cat` of a path fails, since the method below it
#   insists on both ends of a range; what is not there raises a plain OSError.  Local, http and s3 file systems of
#   fsspec give full paths, bytes and FileNotFoundError.
# Seen, on a server of Debian's xrootd-server 5.5.3: ["a.txt"] beside ["/d/a.txt"]; TypeError; OSError.
# Guess: the three are the same for every file system; that is what fsspec is for.
# Why it matters: `for name in fs.ls(folder, detail=False)` opens names that are not there, and code that goes on to the
#   next replica on FileNotFoundError stops at the first.
# rarekaon lists with `glob`, reads ranges, and takes the number 3011 in the message for a missing file.
set -euo pipefail
place=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill $server 2>/dev/null; wait; rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install -q "fsspec-xrootd==0.5.5" "xrootd==6.2.1" "fsspec==2026.9.0"
mkdir -p "$place/packages" "$place/data/d" "$place/admin" "$place/lists/partial"
echo events > "$place/data/d/a.txt"
cd "$place/packages"
apt-get update -qq -o Dir::State::lists="$place/lists" 2>/dev/null
apt-get download -qq -o Dir::State::lists="$place/lists" \
    {xrootd-server,libxrdserver3,libxrdutils3,libxrdxml3}=5.5.3-1 2>/dev/null
for package in *.deb; do dpkg -x "$package" "$place/programs"; done
cd "$place"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
printf '%s\n' "all.export /d" "oss.localroot $place/data" "all.adminpath $place/admin" "all.pidpath $place/admin" \
    "xrd.port $port" "xrd.network nodnr" "xrd.allow host 127.0.0.1" "xrd.allow host localhost" > settings.cfg
as_user=()
if [ "$(id -u)" = 0 ]; then  # the server refuses root
    chmod 755 "$place"
    chown -R nobody "$place/admin" "$place/data"
    as_user=(-R nobody)
fi
export LD_LIBRARY_PATH=$(dirname "$(find "$place/programs" -name 'libXrdServer.so*' -print -quit)")
programs/usr/bin/xrootd -I v4 -c settings.cfg "${as_user[@]}" > log 2>&1 &
server=$!
unset LD_LIBRARY_PATH
for _ in $(seq 100); do grep -q "initialization completed" <(tail -n 1 log) && break; sleep 0.1; done
venv/bin/python -W ignore - "$port" <<'PY'
import sys

import fsspec

files = fsspec.filesystem("root", hostid=f"127.0.0.1:{sys.argv[1]}")


def asked(function, *arguments):
    try:
        return function(*arguments)
    except Exception as error:
        return type(error).__name__


seen = {
    "ls without details": files.ls("/d", detail=False),
    "ls with details": [entry["name"] for entry in files.ls("/d", detail=True)],
    "cat": asked(files.cat, "/d/a.txt"),
    "cat with a range": asked(files.cat_file, "/d/a.txt", 0, 6),
    "info of what is not there": asked(files.info, "/d/b.txt"),
}
for what, answer in seen.items():
    print(f"{what}: {answer}")
expected = [["a.txt"], ["/d/a.txt"], "TypeError", b"events", "OSError"]
sys.exit(0 if list(seen.values()) == expected else "the behaviour changed")
PY
