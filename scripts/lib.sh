# shellcheck shell=bash
# What the scripts share. Sourced, never run.

# Progress goes to stderr, so that stdout stays free for what a script answers. A terminal that has gone away
# is no reason to leave work undone.
say() { echo "$*" >&2 || true; }

fail() {
  echo "scripts/${0##*/}: $*" >&2
  exit 1
}

# A TCP port of 127.0.0.1 that nobody listens on now. Another process may still take it, so a caller that
# cannot bind it asks again. It stays below 32768, where Linux starts to hand out ports to connecting clients.
free_port() {
  local port
  while true; do
    port=$((20000 + RANDOM % 12000))
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
  done
  echo "$port"
}
