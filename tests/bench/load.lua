-- SPDX-License-Identifier: GPL-3.0-or-later
-- Copyright: (c) 2026, campus.moodle contributors
--
-- One wrk thread is one client: with as many threads as connections, each client keeps a login of its own.
-- Arguments after "--": MARKER (text that every good page contains) [COOKIE ...] (one per client, empty for none).
-- Prints one JSON object; times are in milliseconds.

local clients = {}

function setup(thread)
  table.insert(clients, thread)
  thread:set("number", #clients)
end

function init(arguments)
  marker = arguments[1]
  good, bad = 0, 0
  local cookie = arguments[1 + number]
  if cookie and cookie ~= "" then
    wrk.headers["Cookie"] = cookie
  end
  prepared = wrk.format()
end

function request()
  return prepared
end

function response(status, headers, body)
  if status == 200 and body:find(marker, 1, true) then
    good = good + 1
  else
    bad = bad + 1
  end
end

function done(summary, latency, requests)
  local fine, wrong = 0, 0
  for _, thread in ipairs(clients) do
    fine = fine + thread:get("good")
    wrong = wrong + thread:get("bad")
  end
  local errors = summary.errors
  wrong = wrong + errors.connect + errors.read + errors.write + errors.timeout
  local form = '{"good": %d, "errors": %d, "seconds": %.3f, "p50": %.1f, "p95": %.1f, "p99": %.1f}\n'
  io.write(form:format(fine, wrong, summary.duration / 1e6,
    latency:percentile(50) / 1e3, latency:percentile(95) / 1e3, latency:percentile(99) / 1e3))
end
