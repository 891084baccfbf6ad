# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
"""Stand-ins for docker and mmdebstrap, as programs: images are files in a folder, and a root is a tar archive with one file."""

from __future__ import annotations

import io
import json
import shlex
import tarfile
from pathlib import Path

DOCKER = r"""#!/bin/sh
set -eu
store=STORE
place() { printf '%s/images/' "$store"; printf '%s' "$1" | tr /: __; }
text() { sed 's/\\/\\\\/g; s/"/\\"/g'; }
printf '%s\n' "$*" >>"$store/calls"
[ ! -e "$store/down" ] || { echo "Cannot connect to the Docker daemon"; exit 1; }
case "$1 ${2:-}" in
  "image inspect") cat "$(place "$3")" || { echo "no such image: $3" >&2; exit 1; } ;;
  "image rm") rm "$(place "$4")" ;;
  "version "*) ;;
  *)
    [ ! -e "$store/full" ] || { echo "no space left on device"; exit 1; }
    cat >"$store/content.$$"
    # The labels of the Dockerfile, which is in the archive, and those that are given.
    labels=$(grep -a '^LABEL ' "$store/content.$$" | sed 's/^LABEL //; s/="\(.*\)"$/=\1/') || true
    tag=$3
    while [ $# -gt 0 ]; do
      case $1 in
        --tag) tag=$2 ;;
        --label) labels=$(printf '%s\n%s' "$labels" "$2") ;;
      esac
      shift
    done
    rows=$(printf '%s\n' "$labels" | text | sed -n 's/^\([^=]*\)=\(.*\)$/"\1": "\2"/p' | paste -sd,)
    size=$(wc -c <"$store/content.$$")
    printf '[{"Size": %s, "RepoTags": ["%s"], "Config": {"Labels": {%s}}}]\n' "$size" "$tag" "$rows" >"$(place "$tag")"
    rm "$store/content.$$"
    ;;
esac
"""
MMDEBSTRAP = r"""#!/bin/sh
echo "I: running" >&2
[ ! -e STORE/unreachable ] || { echo "E: apt-get update failed" >&2; exit 1; }
cat STORE/root.tar
"""


class Programs:
    """A folder with the two programs, for PATH; what they know is in another one."""

    def __init__(self, folder: Path) -> None:
        self.bin, self.store = folder / "bin", folder / "store"
        for path in (self.bin, self.store / "images"):
            path.mkdir(parents=True)
        (self.store / "calls").touch()
        with tarfile.open(self.store / "root.tar", "w") as root:
            info = tarfile.TarInfo("./etc/passwd")
            info.size = 100_000
            root.addfile(info, io.BytesIO(bytes(100_000)))
        for name, text in {"docker": DOCKER, "mmdebstrap": MMDEBSTRAP}.items():
            (self.bin / name).write_text(text.replace("STORE", shlex.quote(str(self.store))))
            (self.bin / name).chmod(0o755)

    def fail(self, how: str) -> None:
        """Let something fail from now on: the engine is down, its disk is full, or the mirror is unreachable."""
        (self.store / how).touch()

    def mend(self) -> None:
        """Let everything work again."""
        for how in ("down", "full", "unreachable"):
            (self.store / how).unlink(missing_ok=True)

    def calls(self, verb: str) -> list[list[str]]:
        """The calls of docker that begin with a verb, as words."""
        return [line.split() for line in (self.store / "calls").read_text().splitlines() if line.startswith(f"{verb} ")]

    def images(self) -> set[str]:
        """The names of all images."""
        return {json.loads(path.read_text())[0]["RepoTags"][0] for path in (self.store / "images").iterdir()}
