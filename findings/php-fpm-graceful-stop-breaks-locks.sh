#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# A graceful stop of PHP-FPM lets a busy request finish, but makes flock() in another one return false without the lock.

set -euo pipefail

# shellcheck source=findings/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

need flock
debian bookworm php8.2-fpm=8.2.32-1~deb12u1 libfcgi-bin=2.4.2-2+deb12u1
own_libraries bookworm usr/sbin/php-fpm8.2 usr/bin/cgi-fcgi
fpm=$work/bookworm/usr/sbin/php-fpm8.2 ask=$work/bookworm/usr/bin/cgi-fcgi

folder run
cat >"$work/fpm.conf" <<CONF
[global]
error_log = $work/run/log
process_control_timeout = 20s
[www]
listen = $work/run/socket
pm = static
pm.max_children = 4
CONF
# script NAME STATEMENT: a page that says that it runs and then does something.
script() { echo "<?php touch('$work/run/$1.runs'); $2" >"$work/$1.php"; }
# A lock that somebody else holds for ten seconds, four seconds of work, and ten seconds of sleep.
script lock "echo flock(fopen('$work/run/lock', 'c'), LOCK_EX) ? 'has the lock' : 'has no lock';"
# shellcheck disable=SC2016  # variables of PHP
script work '$end = microtime(true) + 4; while (microtime(true) < $end) { hash("sha256", "x"); } echo "worked to the end";'
script sleep 'echo sleep(10) === 0 ? "slept to the end" : "woke up early";'

# request NAME: asks for NAME.php; the answer without headers is in NAME.answer.
request() {
  "${unprivileged[@]}" env REQUEST_METHOD=GET "SCRIPT_FILENAME=$work/$1.php" "$ask" -bind -connect "$work/run/socket" | tail -1 >"$work/$1.answer"
}

start fpm "${unprivileged[@]}" "$fpm" -n -F -y "$work/fpm.conf"
fpm_pid=$started_pid
wait_for test -S "$work/run/socket"
"${unprivileged[@]}" touch "$work/run/lock"
start holder flock "$work/run/lock" sleep 10
sleep 0.5
for name in lock work sleep; do request "$name" & requests+=("$!"); done
for name in lock work sleep; do wait_for test -e "$work/run/$name.runs"; done
kill -QUIT "$fpm_pid"
wait "${requests[@]}"
status=0
wait "$fpm_pid" || status=$?

with "$fpm" -v
expected 'SIGQUIT with process_control_timeout: each running request goes on to its end as if nothing had happened'
seen 'a request that computes' "$(<"$work/work.answer")" 'worked to the end'
seen 'a request that waits in flock(LOCK_EX)' "$(<"$work/lock.answer")" 'has no lock'
seen 'a request that sleeps' "$(<"$work/sleep.answer")" 'woke up early'
seen 'exit status of PHP-FPM' "$status" 0
