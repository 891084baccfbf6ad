# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# HAProxy before the web containers: ends TLS, tells them who the client is, writes the access log, and follows their
# addresses while they are replaced. For PROXY_TLS=acme Caddy stands before it in the same container, because Caddy can
# obtain certificates; it cannot follow the containers (a request with a body is lost when a first connection fails).
# State: the volume /var/lib/caddy (certificates of PROXY_TLS=acme).

: "${runtime_directory:?set by common.sh}"

readonly proxy_health_port=2020
readonly proxy_behind_caddy_port=2021
# Places for web containers; a rollout has the old and the new ones at the same time.
readonly proxy_places=40
# How many proxies may stand one before the other.
readonly proxy_hops=6

# When a process ends, or a signal asks for it, the other one ends too, and with it the container.
proxy_run() {
  local mode status=0 processes=()
  make_runtime_directory
  mode=$(word PROXY_TLS none)
  proxy_prepare "$mode"
  # On standard error it tells of each place for a web container that is not taken.
  /usr/sbin/haproxy -db -f "$runtime_directory/haproxy.cfg" 2>/dev/null &
  processes+=($!)
  if [[ $mode == acme ]]; then
    /usr/bin/caddy run --adapter caddyfile --config "$runtime_directory/Caddyfile" &
    processes+=($!)
  fi
  trap 'trap "" INT TERM; proxy_stop "${processes[@]}"; exit 0' INT TERM
  wait -n || status=$?
  kill -TERM "${processes[@]}" 2>/dev/null || note "every process had ended already"
  fail "the proxy stopped with status $status" 1
}

# proxy_prepare MODE: renders the configurations and lets the programs judge them before one of them runs.
proxy_prepare() {
  proxy_configuration >"$runtime_directory/haproxy.cfg"
  /usr/sbin/haproxy -c -q -f "$runtime_directory/haproxy.cfg" || fail "HAProxy does not accept its configuration"
  [[ $1 == acme ]] || return 0
  proxy_caddy_configuration >"$runtime_directory/Caddyfile"
  export HOME=/var/lib/caddy XDG_DATA_HOME=/var/lib/caddy XDG_CONFIG_HOME=$runtime_directory
  /usr/bin/caddy validate --adapter caddyfile --config "$runtime_directory/Caddyfile" >"$runtime_directory/caddy.log" 2>&1 ||
    fail "Caddy does not accept its configuration: $(tail -n 1 "$runtime_directory/caddy.log")"
}

# proxy_stop HAPROXY [CADDY]: Caddy finishes the requests that it has, then HAProxy those that came to it directly.
proxy_stop() {
  if [[ $# -eq 2 ]]; then
    kill -TERM "$2"
    wait "$2" || note "Caddy ended with status $?"
  fi
  # Unlike SIGTERM, which ends it at once.
  kill -USR1 "$1"
  wait "$1" || note "HAProxy ended with status $?"
}

proxy_health() {
  [[ $(http_status "$proxy_health_port" /health) == 200 ]]
}

proxy_configuration() {
  local mode plain secure trusted
  mode=$(word PROXY_TLS none)
  plain=$(number PROXY_HTTP_PORT 8080)
  secure=$(number PROXY_HTTPS_PORT 8443)
  trusted=$(word PROXY_TRUSTED_PROXIES '')
  proxy_general
  case $mode in
    none | external)
      proxy_frontend "*:$plain"
      proxy_clients http "$trusted"
      ;;
    certificate)
      proxy_redirect "$plain"
      proxy_pair
      proxy_frontend "*:$secure ssl crt $runtime_directory/site.pem alpn h2,http/1.1"
      proxy_clients https "$trusted"
      ;;
    acme)
      # Caddy, the only one who can reach this address, is one proxy more.
      proxy_frontend "127.0.0.1:$proxy_behind_caddy_port"
      proxy_clients https "127.0.0.1${trusted:+,$trusted}"
      ;;
    *) fail "PROXY_TLS must be none, certificate, acme or external, not '$mode'" ;;
  esac
}

proxy_frontend() {
  printf 'frontend site\n  log global\n  bind %s\n  default_backend web\n' "$1"
}

# What a host name is was decided by the site's description and by its image. Here only what could leave its place in a configuration
# is refused.
proxy_host() {
  local host
  host=$(need PROXY_HOSTNAME)
  [[ ${#host} -ge 1 && ${#host} -le 253 && $host != *[!A-Za-z0-9._-]* ]] || fail "PROXY_HOSTNAME must be one host name, not '$host'"
  printf '%s' "$host"
}

# proxy_pair: certificate and key as HAProxy wants them, in one private file.
proxy_pair() {
  local name file
  for name in PROXY_CERTIFICATE_FILE PROXY_PRIVATE_KEY_FILE; do
    file=$(word "$name" '')
    [[ -r $file ]] || fail "the file '$file' (from $name) cannot be read by uid $(id -u)"
  done
  # A line of its own for each: a file may lack the last line end.
  awk 1 "$PROXY_CERTIFICATE_FILE" "$PROXY_PRIVATE_KEY_FILE" >"$runtime_directory/site.pem"
}

# proxy_redirect PLAIN_PORT: plain HTTP goes to the published TLS port.
proxy_redirect() {
  local host public
  host=$(proxy_host)
  public=":$(number PROXY_PUBLIC_HTTPS_PORT 443)"
  [[ $public != :443 ]] || public=''
  printf 'frontend plain\n  bind *:%s\n  http-request redirect code 308 location https://%s%s%%[pathq]\n' "$1" "$host" "$public"
}

# proxy_clients SCHEME TRUSTED: whoever is no trusted proxy cannot say who the client is. Each proxy adds the address that it
# sees at the end of X-Forwarded-For. So the list is read from there, one address further for each that is a trusted proxy;
# what stands before the first other one anybody may have written. Behind us there is one address, the client's.
proxy_clients() {
  local hop trusted=${2//,/ }
  # There is no such peer: a list must not be empty.
  trusted=${trusted:-255.255.255.255}
  cat <<HAPROXY
  acl is_proxy src $trusted
  http-request del-header X-Forwarded-Host unless is_proxy
  http-request set-header X-Forwarded-Proto $1 unless is_proxy { req.hdr(X-Forwarded-Proto) -m found }
  http-request set-header X-Forwarded-Host %[req.hdr(Host)] unless is_proxy { req.hdr(X-Forwarded-Host) -m found }
  http-request set-var(txn.hop0) src
  http-request set-var(txn.client) src
HAPROXY
  for ((hop = 1; hop <= proxy_hops; hop++)); do
    printf '  http-request set-var(txn.hop%s) req.hdr_ip(X-Forwarded-For,-%s) if { var(txn.hop%s) -m ip %s }\n' \
      "$hop" "$hop" "$((hop - 1))" "$trusted"
    printf '  http-request set-var(txn.client) var(txn.hop%s) if { var(txn.hop%s) -m found }\n' "$hop" "$hop"
  done
  printf '  http-request set-header X-Forwarded-For %%[var(txn.client)]\n'
}

# The log has paths without query strings, which carry tokens and session keys, and no header at all.
# A connection to a web container serves one request: one that is sent while the other side closes it would be lost. Nothing
# was sent when a connection cannot be made, so trying again is safe for every request: one that meets a container which is
# being replaced waits for the next one, some ten seconds at most.
proxy_general() {
  local upstream
  upstream=$(word PROXY_UPSTREAM web:8080)
  [[ $upstream =~ ^[A-Za-z0-9._-]+:[0-9]+$ ]] || fail "PROXY_UPSTREAM must look like web:8080, not '$upstream'"
  cat <<HAPROXY
global
  maxconn 4000
  log stdout format raw local0 info
  hard-stop-after 30s
  ssl-default-bind-options ssl-min-ver TLSv1.2
  tune.bufsize 65536
defaults
  mode http
  log-format '%[var(txn.client)] - [%trg] "%HM %HPO %HV" %ST %B %Ta'
  option dontlognull
  option http-server-close
  maxconn 4000
  balance leastconn
  retries 15
  option redispatch 1
  timeout connect 1s
  timeout queue 10s
  timeout http-request 30s
  timeout http-keep-alive 65s
  timeout client 10m
  timeout server 10m
  http-error status 502 content-type text/plain string "The site does not answer at the moment." hdr Retry-After 5 hdr Cache-Control no-store
  http-error status 503 content-type text/plain string "The site does not answer at the moment." hdr Retry-After 5 hdr Cache-Control no-store
  http-error status 504 content-type text/plain string "The site does not answer at the moment." hdr Retry-After 5 hdr Cache-Control no-store
resolvers system
  parse-resolv-conf
  resolve_retries 2
  timeout resolve 500ms
  timeout retry 500ms
  hold valid 500ms
  hold obsolete 0s
  hold nx 15s
  hold timeout 60s
  hold refused 60s
  hold other 60s
frontend health
  bind 127.0.0.1:$proxy_health_port
  http-request return status 200 if { path /health }
  http-request return status 404
backend web
  server-template web 1-$proxy_places $upstream resolvers system init-addr libc,none resolve-prefer ipv4
HAPROXY
}

# Caddy keeps the log to its own doings; what is asked for stands in HAProxy's.
proxy_caddy_configuration() {
  local host email directory trusted public
  host=$(proxy_host)
  email=$(word PROXY_ACME_EMAIL '')
  directory=$(word PROXY_ACME_DIRECTORY '')
  trusted=$(word PROXY_TRUSTED_PROXIES '')
  public=":$(number PROXY_PUBLIC_HTTPS_PORT 443)"
  [[ $public != :443 ]] || public=''
  cat <<CADDY
{
	admin off
	http_port $(number PROXY_HTTP_PORT 8080)
	https_port $(number PROXY_HTTPS_PORT 8443)
	auto_https disable_redirects
	servers {
		protocols h1 h2
	}
	${email:+email $email}
	${directory:+acme_ca $directory}
}
https://$host:$(number PROXY_HTTPS_PORT 8443) {
	reverse_proxy 127.0.0.1:$proxy_behind_caddy_port {
		${trusted:+trusted_proxies ${trusted//,/ }}
	}
}
http://:$(number PROXY_HTTP_PORT 8080) {
	redir https://$host$public{uri} 308
}
CADDY
}
