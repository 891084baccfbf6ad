#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# nginx decodes the path in X-Accel-Redirect, and drops a percent sign that begins no code: it sends another file.

set -euo pipefail

# shellcheck source=findings/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

need python3 curl
debian bookworm nginx=1.22.1-9+deb12u9
own_libraries bookworm usr/sbin/nginx
nginx=$work/bookworm/usr/sbin/nginx

folder files
folder temp
echo 'of 2024' >"$work/files/100 done.txt"
echo 'of 2025' >"$work/files/100% done.txt"
port=$(free_port) application=$(free_port)

cat >"$work/application.py" <<'PYTHON'
import http.server, sys, urllib.parse

class Application(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("X-Accel-Redirect", "/files/" + urllib.parse.unquote(self.path[1:]))
        self.end_headers()

http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Application).serve_forever()
PYTHON
cat >"$work/nginx.conf" <<CONF
daemon off; pid temp/pid; error_log temp/error.log;
events {}
http {
  access_log off;
  client_body_temp_path temp; proxy_temp_path temp; fastcgi_temp_path temp; uwsgi_temp_path temp; scgi_temp_path temp;
  server {
    listen 127.0.0.1:$port;
    location / { proxy_pass http://127.0.0.1:$application; }
    location /files/ { internal; root $work; }
  }
}
CONF
start application python3 "$work/application.py" "$application"
wait_for curl --silent --fail --output /dev/null "http://127.0.0.1:$application/"
start nginx "${unprivileged[@]}" "$nginx" -p "$work" -c nginx.conf -e "$work/temp/error.log"

# sent NAME: what the browser gets when the application answers with "X-Accel-Redirect: /files/NAME".
sent() { curl --silent "http://127.0.0.1:$port/$(python3 -c 'import sys, urllib.parse; print(urllib.parse.quote(sys.argv[1]))' "$1")"; }
answers() { curl --silent --fail --output /dev/null "http://127.0.0.1:$port/100%25%20done.txt"; }
wait_for answers

with "$nginx" -v
expected 'the header names a file: the name as it is, or an error where it should have been encoded'
seen 'X-Accel-Redirect: /files/100% done.txt' "$(sent '100% done.txt')" 'of 2024'
seen 'X-Accel-Redirect: /files/100%25 done.txt' "$(sent '100%25 done.txt')" 'of 2025'
seen 'the error log speaks of a file' "$(says 'done' "$work/temp/error.log")" no
