#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, campus.moodle contributors
#
# Without request buffering in nginx, PHP-FPM gets a body in chunks whole or not at all, by how fast the client sends it.

set -euo pipefail

# shellcheck source=findings/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

need curl
debian bookworm nginx=1.22.1-9+deb12u9 php8.2-fpm=8.2.32-1~deb12u1
own_libraries bookworm usr/sbin/nginx usr/sbin/php-fpm8.2
nginx=$work/bookworm/usr/sbin/nginx fpm=$work/bookworm/usr/sbin/php-fpm8.2
port=$(free_port)
folder temp

# shellcheck disable=SC2016  # variables of PHP
echo '<?php echo strlen(file_get_contents("php://input")), " bytes, ", json_encode($_POST);' >"$work/page.php"
printf '[global]\nerror_log = %s\n[www]\nlisten = %s\npm = static\npm.max_children = 1\n' \
  "$work/temp/fpm.log" "$work/temp/socket" >"$work/fpm.conf"
cat >"$work/nginx.conf" <<CONF
daemon off; pid temp/pid; error_log temp/error.log;
events {}
http {
  access_log off;
  client_body_temp_path temp; proxy_temp_path temp; fastcgi_temp_path temp; uwsgi_temp_path temp; scgi_temp_path temp;
  fastcgi_param SCRIPT_FILENAME $work/page.php;
  fastcgi_param REQUEST_METHOD \$request_method;
  fastcgi_param CONTENT_TYPE \$content_type;
  fastcgi_param CONTENT_LENGTH \$content_length;
  server {
    listen 127.0.0.1:$port;
    location /on { fastcgi_pass unix:$work/temp/socket; }
    location /off { fastcgi_pass unix:$work/temp/socket; fastcgi_request_buffering off; }
  }
}
CONF
start fpm "${unprivileged[@]}" "$fpm" -n -F -y "$work/fpm.conf"
start nginx "${unprivileged[@]}" "$nginx" -p "$work" -c nginx.conf -e "$work/temp/error.log"

# post WHERE SECONDS [OPTION...]: a form of 7 bytes with a pause in the middle, and its status.
post() {
  { printf 'a=1'; sleep "$2"; printf '&b=2'; } \
    | curl --silent --header 'Content-Type: application/x-www-form-urlencoded' --write-out ', status %{http_code}' \
      --request POST "${@:3}" "http://127.0.0.1:$port$1"
}
# In chunks as they come; and as one body with its length.
chunked=(--upload-file -) whole=(--data-binary @-)
wait_for curl --silent --fail --output /dev/null "http://127.0.0.1:$port/on"

with "$nginx" -v
with "$fpm" -v
expected 'the same request gives the same page, however it is buffered and however fast the client is; or an error'
seen 'buffered, in chunks with a pause' "$(post /on 1 "${chunked[@]}")" '7 bytes, {"a":"1","b":"2"}, status 200'
seen 'not buffered, with a length' "$(post /off 1 "${whole[@]}")" '7 bytes, {"a":"1","b":"2"}, status 200'
seen 'not buffered, in one chunk' "$(curl --silent --data 'a=1&b=2' --header 'Transfer-Encoding: chunked' "http://127.0.0.1:$port/off")" \
  '7 bytes, {"a":"1","b":"2"}'
seen 'not buffered, in chunks with a pause' "$(post /off 1 "${chunked[@]}")" '0 bytes, [], status 200'
