#!/usr/bin/env bash
# Each surface of the daemon by hand, with curl: health, one flag, all flags, ETag, a missing flag, why, events.
#
#   scripts/run                  # in another terminal: the daemon on config/flags.yaml
#   examples/curl_session.sh
#
# BURGEE_SOCKET and BURGEE_LISTEN say where the daemon is, as they do to the daemon itself.
set -euo pipefail

socket=${BURGEE_SOCKET:-${XDG_RUNTIME_DIR:-/run}/burgee/burgee.sock}
http=http://${BURGEE_LISTEN:-127.0.0.1:8016}
json='Content-Type: application/json'
context='{"context": {"targetingKey": "anna", "customer": "c-42", "organization": "acme", "environment": "production"}}'

# Say what is asked, and ask it. What a person would leave out stays out: progress, and the limit on time.
ask() {
  local word
  printf '\n$ curl'
  for word in "$@"; do
    if [[ $word =~ ^[A-Za-z0-9_./:=-]+$ ]]; then
      printf ' %s' "$word"
    else
      printf " '%s'" "$word"
    fi
  done
  printf '\n'
  curl --silent --show-error --max-time 10 "$@"
  printf '\n'
}

echo "# Is it there, and may it be asked?"
ask "$http/healthz"
ask --unix-socket "$socket" http://localhost/readyz

echo
echo "# One flag for one customer: over TCP, then over the Unix socket, with all headers"
ask -d "$context" -H "$json" "$http/ofrep/v1/evaluate/flags/new-checkout"
ask --include --unix-socket "$socket" -d "$context" -H "$json" http://localhost/ofrep/v1/evaluate/flags/editor

echo
echo "# All flags; asked again with the answer's ETag, there is nothing new (304)"
bulk=$(mktemp)
trap 'rm -f "$bulk" "$bulk.headers"' EXIT
ask --output "$bulk" --dump-header "$bulk.headers" -d "$context" -H "$json" "$http/ofrep/v1/evaluate/flags"
etag=$(sed -n 's/^[Ee][Tt][Aa][Gg]: *//p' "$bulk.headers" | tr -d '\r')
echo "$(grep -o '"key":' "$bulk" | wc -l) flags, ETag $etag"
ask --include -d "$context" -H "$json" -H "If-None-Match: $etag" "$http/ofrep/v1/evaluate/flags"

echo
echo "# A flag that nobody has defined is an error, and says so"
ask --write-out '\nHTTP %{http_code}' -d "$context" -H "$json" "$http/ofrep/v1/evaluate/flags/no-such-flag"

echo
echo "# Why: each rung of the ladder, and where in the file it stands. On the socket only: it shows whom flags are for"
question='{"key": "legacy-export", "context": {"customer": "c-42", "organization": "acme"}}'
ask --unix-socket "$socket" -d "$question" -H "$json" http://localhost/admin/v1/explain

echo
echo "# Events: one comes at once, further ones when a definition is saved. Here they are listened to for a second"
ask --no-buffer --max-time 1 "$http/ofrep/v1/sse" 2>/dev/null || test $? -eq 28 # curl: the time is up
