#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# A drop-in that adds a runtime (as for GPUs) takes runc away from containerd 1.6 and 1.7, and in 1.6 the other settings of its
# plugin as well; containerd 2.1 merges.

set -euo pipefail

# shellcheck source=findings/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

debian bookworm containerd=1.6.20~ds1-1+deb12u3
debian trixie containerd=1.7.24~ds1-6+deb13u1
debian forky containerd=2.1.9+ds1-5

cat >"$work/config.toml" <<CONFIG
version = 2
imports = ["$work/gpu.toml"]
[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = "/usr/lib/cni"
CONFIG
cat >"$work/gpu.toml" <<'DROP_IN'
version = 2
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.gpu]
  runtime_type = "io.containerd.runc.v2"
DROP_IN

# in_force SUITE: what `config dump` of that containerd makes of the two files. Needs neither root nor a running containerd.
in_force() {
  local containerd=$work/$1/usr/bin/containerd
  with "$containerd" --version
  seen 'config dump, exit status' "$(status_of "$containerd" --config "$work/config.toml" config dump)" 0
  runtimes=$(sed -nE "s/.*containerd\.runtimes\.([a-z]+)\]$/\1/p" "$work/output" | sort | xargs)
  default=$(sed -nE "s/.*default_runtime_name = [\"']([^\"']*).*/\1/p" "$work/output")
  cni=$(grep -oE '/(usr/lib|opt)/cni(/bin)?' "$work/output" | sort -u | xargs)
}

own_libraries bookworm usr/bin/containerd
own_libraries trixie usr/bin/containerd
own_libraries forky usr/bin/containerd
expected 'the drop-in adds a runtime to those that are there, and leaves what it does not name'
in_force bookworm
seen '1.6.20: runtimes, default runtime, folder of the CNI plugins' "$runtimes, $default, $cni" 'gpu, runc, /opt/cni/bin'
in_force trixie
seen '1.7.24: the same' "$runtimes, $default, $cni" 'gpu, runc, /usr/lib/cni'
in_force forky
seen '2.1.9: the same' "$runtimes, $default, $cni" 'gpu runc, runc, /usr/lib/cni'
