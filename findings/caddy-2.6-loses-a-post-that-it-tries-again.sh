#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Caddy 2.6 (Debian 12 and 13) goes on to the next upstream when a connection is refused, but a request with a body fails there.

set -euo pipefail

# shellcheck source=findings/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

need python3 curl
debian trixie caddy=2.6.2-12+deb13u1
debian forky caddy=2.11.4-1

up=$(free_port) down=$(free_port)
cat >"$work/upstream.py" <<'PYTHON'
import http.server, sys

class Upstream(http.server.BaseHTTPRequestHandler):
    def answer(self):
        size = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(size)
        print(self.command, "body of", len(body), "instead of", size, flush=True)
        self.send_response(200)
        self.end_headers()

    do_GET = do_POST = answer

    def log_message(self, *_):
        pass

    def handle_one_request(self):
        try:
            super().handle_one_request()
        except BrokenPipeError:
            pass

http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Upstream).serve_forever()
PYTHON
start upstream python3 "$work/upstream.py" "$up"

# requests VERSION CADDY: starts it with two upstreams of which one is down. Round robin meets that one in every second try.
requests() {
  local port
  port=$(free_port)
  printf '{\nadmin off\nauto_https off\n}\nhttp://127.0.0.1:%s {\nreverse_proxy 127.0.0.1:%s 127.0.0.1:%s {\n%s\n%s\n}\n}\n' \
    "$port" "$down" "$up" 'lb_policy round_robin' 'lb_try_duration 5s' >"$work/Caddyfile"
  start caddy env "XDG_DATA_HOME=$work" "XDG_CONFIG_HOME=$work" "$2" run --config "$work/Caddyfile" --adapter caddyfile
  wait_for curl --silent --output /dev/null "http://127.0.0.1:$port/"
  gets=$(answers "http://127.0.0.1:$port/")
  : >"$work/upstream.log"
  posts=$(answers "http://127.0.0.1:$port/" --data a=b)
  kill "$started_pid"
}

# Four times, since only every second one meets the upstream that is down first.
answers() { curl --silent --max-time 20 --output /dev/null --write-out '%{http_code} ' "${@:2}" "$1?[1-4]"; }

with echo "caddy $("$work/trixie/usr/bin/caddy" version)"
expected 'nothing was sent to an upstream that refuses the connection, so a POST goes to the next one like a GET'
requests 2.6.2 "$work/trixie/usr/bin/caddy"
seen '2.6.2, four times GET' "$gets" '200 200 200 200 '
seen '2.6.2, four times POST' "$posts" '502 502 502 502 '
seen 'the other upstream gets the request without its body' "$(says '^POST body of 0 instead of 3$' "$work/upstream.log")" yes
with echo "caddy $("$work/forky/usr/bin/caddy" version)"
requests 2.11.4 "$work/forky/usr/bin/caddy"
seen '2.11.4, four times POST' "$posts" '200 200 200 200 '
