# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# ansible-test sanity. It follows no links and wants a real collection path, so it checks a copy of what a release carries.

SHIPPED=(plugins roles playbooks meta galaxy.yml README.md tests/sanity)
run_sanity() {
  local copy="$COLLECTIONS_COPY/ansible_collections/campus/moodle" shim python
  rm -rf "$copy"
  mkdir -p "$copy" "$HOME/.ansible/test/cache"
  tracked "${SHIPPED[@]}" | rsync -a --files-from=- "$REPOSITORY/" "$copy/"
  # ansible-test would download pip's installer for its own environments; Python carries the same installer with it.
  shim="$HOME/.ansible/test/cache/get_pip_24_2.py"
  [ -e "$shim" ] || printf '%s\n' 'import subprocess, sys' 'subprocess.run([sys.executable, "-m", "ensurepip", "--upgrade"], check=True)' > "$shim"
  python=$(python -c 'import sys; print("{}.{}".format(*sys.version_info))')
  (cd "$copy" && ANSIBLE_COLLECTIONS_PATH="$COLLECTIONS_COPY" ansible-test sanity --local --python "$python" --color no)
}

steps run_sanity
