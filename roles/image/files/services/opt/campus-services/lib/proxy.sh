# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Caddy before the web containers: ends TLS, tells who the client is, writes the access log. Behind it, in the same
# container, HAProxy passes each connection on: it follows the addresses of the web containers and tries again while one is
# replaced. Caddy alone cannot do that for a request with a body: it closes the body when the first connection fails.
# State: the volume /var/lib/caddy (certificates of PROXY_TLS=acme).

: "${runtime_directory:?set by common.sh}"

readonly proxy_health_port=2020
readonly proxy_balancer_port=2021

# Two processes: when one ends, or a signal asks for it, the other ends too, and with it the container.
proxy_run() {
  local caddy balancer status=0
  make_runtime_directory
  proxy_balancer >"$runtime_directory/haproxy.cfg"
  proxy_configuration >"$runtime_directory/Caddyfile"
  export HOME=/var/lib/caddy XDG_DATA_HOME=/var/lib/caddy XDG_CONFIG_HOME=$runtime_directory
  /usr/sbin/haproxy -q -db -f "$runtime_directory/haproxy.cfg" &
  balancer=$!
  /usr/bin/caddy run --adapter caddyfile --config "$runtime_directory/Caddyfile" &
  caddy=$!
  # Caddy finishes the requests that it has, then HAProxy has nothing left to do.
  trap 'trap "" INT TERM; kill -TERM "$caddy"; wait "$caddy"; kill -TERM "$balancer"; exit 0' INT TERM
  wait -n || status=$?
  kill -TERM "$caddy" "$balancer" 2>/dev/null || note "one of the two processes had ended already"
  fail "the proxy stopped with status $status" 1
}

proxy_health() {
  [[ $(http_status "$proxy_health_port" /health) == 200 ]]
}

proxy_configuration() {
  local mode host plain secure public
  mode=$(word PROXY_TLS none)
  plain=$(number PROXY_HTTP_PORT 8080)
  secure=$(number PROXY_HTTPS_PORT 8443)
  public=$(number PROXY_PUBLIC_HTTPS_PORT 443)
  proxy_global "$plain" "$secure" "$mode"
  proxy_forward
  printf 'http://:%s {\n\tbind 127.0.0.1\n\trespond /health 200\n}\n' "$proxy_health_port"
  case $mode in
    none | external)
      printf 'http://:%s {\n\timport site\n}\n' "$plain"
      ;;
    certificate)
      host=$(proxy_host)
      proxy_readable PROXY_CERTIFICATE_FILE
      proxy_readable PROXY_PRIVATE_KEY_FILE
      printf 'https://%s:%s {\n\ttls %s %s\n\timport site\n}\n' "$host" "$secure" "$PROXY_CERTIFICATE_FILE" "$PROXY_PRIVATE_KEY_FILE"
      proxy_redirect "$plain" "$public"
      ;;
    acme)
      host=$(proxy_host)
      printf 'https://%s:%s {\n\timport site\n}\n' "$host" "$secure"
      proxy_redirect "$plain" "$public"
      ;;
    *) fail "PROXY_TLS must be none, certificate, acme or external, not '$mode'" ;;
  esac
}

proxy_host() {
  local host
  host=$(need PROXY_HOSTNAME)
  [[ $host =~ ^[A-Za-z0-9.-]+$ ]] || fail "PROXY_HOSTNAME must be one host name, not '$host'"
  printf '%s' "$host"
}

proxy_readable() {
  local file
  file=$(word "$1" '')
  [[ -r $file ]] || fail "the file '$file' (from $1) cannot be read by uid $(id -u)"
}

# proxy_redirect PLAIN_PORT PUBLIC_PORT: plain HTTP goes to the published TLS port.
proxy_redirect() {
  local port=":$2"
  [[ $2 != 443 ]] || port=''
  printf 'http://:%s {\n\tredir https://{host}%s{uri} 308\n}\n' "$1" "$port"
}

proxy_global() {
  local email directory
  email=$(word PROXY_ACME_EMAIL '')
  directory=$(word PROXY_ACME_DIRECTORY '')
  printf '{\n\tadmin off\n\thttp_port %s\n\thttps_port %s\n' "$1" "$2"
  printf '\tauto_https disable_redirects\n\tservers {\n\t\tprotocols h1 h2\n\t}\n'
  if [[ $3 == acme ]]; then
    [[ -z $email ]] || printf '\temail %s\n' "$email"
    [[ -z $directory ]] || printf '\tacme_ca %s\n' "$directory"
  fi
  proxy_log
  printf '}\n'
}

# For every line of every logger: nothing that a client sends as a credential is written.
proxy_log() {
  cat <<'CADDY'
	log {
		output stdout
		format filter {
			wrap json
			fields {
				request>headers delete
				resp_headers delete
				request>tls delete
				request>uri query {
					replace sesskey hidden
					replace token hidden
					replace wstoken hidden
					replace authtoken hidden
					replace key hidden
					replace password hidden
				}
			}
		}
	}
CADDY
}

# Connections, not requests: nothing was sent when one cannot be made, so trying again is safe for every request. A web
# container that is replaced is found again within ten seconds or so; until then its requests wait.
proxy_balancer() {
  local upstream
  upstream=$(word PROXY_UPSTREAM web:8080)
  [[ $upstream =~ ^[A-Za-z0-9._-]+:[0-9]+$ ]] || fail "PROXY_UPSTREAM must look like web:8080, not '$upstream'"
  cat <<HAPROXY
global
  maxconn 4000
defaults
  mode tcp
  maxconn 4000
  balance leastconn
  retries 15
  option redispatch 1
  timeout connect 1s
  timeout queue 10s
  timeout client 1h
  timeout server 1h
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
listen web
  bind 127.0.0.1:$proxy_balancer_port
  server-template web 1-20 $upstream resolvers system init-addr libc,none resolve-prefer ipv4
HAPROXY
}

# The part that every site shares. Connections are not kept, because a request that is sent into one while the other side
# closes it would be lost.
proxy_forward() {
  local trusted
  trusted=$(word PROXY_TRUSTED_PROXIES '')
  cat <<CADDY
(site) {
	log
	reverse_proxy 127.0.0.1:$proxy_balancer_port {
		${trusted:+trusted_proxies ${trusted//,/ }}
		transport http {
			dial_timeout 1s
			keepalive off
		}
	}
	handle_errors {
		header Retry-After 5
		header Cache-Control no-store
		respond "{err.status_code} {err.status_text}: the site does not answer at the moment." {err.status_code}
	}
}
CADDY
}
