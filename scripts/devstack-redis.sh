# The Redis of scripts/devstack, in the form that --redis names: the functions that know how its servers are started.
# To be sourced; `dir` is the folder of the stack, `redis_form` one of `redis_forms`.
# shellcheck shell=bash

redis_forms='plain tls sentinel'
redis_master=devstack  # what sentinels call it

# Certificates for 127.0.0.1 by a CA of the stack's own, made once.
make_certificates() {
  [[ ! -e $dir/redis/server.crt ]] || return 0
  local new_key=(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes)
  (
    cd "$dir/redis"
    openssl req -x509 "${new_key[@]}" -keyout ca.key -out ca.crt -days 3650 -subj '/CN=CA of a devstack'
    openssl req "${new_key[@]}" -keyout server.key -out server.csr -subj '/CN=localhost'
    echo 'subjectAltName = DNS:localhost, IP:127.0.0.1' >server.ext
    openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 3650 -extfile server.ext -out server.crt
  ) >"$dir/redis/openssl.log" 2>&1 || fail_with_log 'The certificates' "$dir/redis/openssl.log"
}

# The lines of redis.conf that say where it listens.
redis_listens() {
  case $redis_form in
    tls)
      printf '%s\n' 'port 0' "tls-port $redis_port" 'tls-ca-cert-file ca.crt' 'tls-cert-file server.crt' \
        'tls-key-file server.key' 'tls-auth-clients no'
      ;;
    *) echo "port $redis_port" ;;
  esac
}

redis_port_of() { sed -nE 's/^(tls-)?port ([1-9][0-9]*)$/\2/p' "$dir/redis/redis.conf"; }

# What REDIS_URL is to be.
redis_url() {
  case $redis_form in
    sentinel)
      local n ports=()
      for n in 1 2 3; do ports+=("127.0.0.1:$(beside_port "sentinel-$n")"); done
      (IFS=, && echo "redis+sentinel://${ports[*]}/$redis_master/0")
      ;;
    tls) echo "rediss://127.0.0.1:$redis_port/0?tls_ca=$(url_path "$dir/redis/ca.crt")" ;;
    *) echo "redis://127.0.0.1:$redis_port/0" ;;
  esac
}

# A path with what means something else in a URL written in hexadecimal digits.
url_path() {
  local LC_ALL=C i c
  for ((i = 0; i < ${#1}; i++)); do
    c=${1:i:1}
    case $c in
      [a-zA-Z0-9/._-]) printf %s "$c" ;;
      *) printf '%%%02X' "'$c" ;;
    esac
  done
}

# A stack keeps the form that it began with. Sets redis_form, to the one named or that of the stack.
choose_redis_form() {
  local had
  had=$(cat "$dir/redis.form" 2>/dev/null || true)
  redis_form=${redis_form:-${had:-plain}}
  [[ " $redis_forms " == *" $redis_form "* ]] || fail "--redis takes one of: $redis_forms; not '$redis_form'."
  [[ -z $had || $had == "$redis_form" ]] || fail "the stack in $dir has the Redis form $had, which it keeps; choose another folder."
  echo "$redis_form" >"$dir/redis.form"
}

# What runs beside the first Redis has a folder of its own within its, and never data that is worth keeping.

beside_port() { sed -n 's/^port //p' "$dir/redis/$1/server.conf"; }

beside_pid() {
  local pid
  pid=$(cat "$1/server.pid" 2>/dev/null) || return 1
  [[ /proc/$pid/cwd -ef $1 ]] && echo "$pid"
}

# Starts a server called $1, with the other arguments as words of its command line and stdin as more of its configuration.
start_beside() {
  local name=$1 lines attempt port end log
  shift
  lines=$(cat)
  for ((attempt = 0; attempt < attempts; attempt++)); do
    port=$(free_port)
    rm -rf "${dir:?}/redis/$name"
    mkdir -p "$dir/redis/$name"
    log=$dir/redis/$name/server.log
    printf '%s\n' 'bind 127.0.0.1' "port $port" 'daemonize yes' 'pidfile server.pid' 'logfile server.log' 'dir .' "$lines" \
      >"$dir/redis/$name/server.conf"
    (cd "$dir/redis/$name" && close_inherited_files && exec redis-server server.conf "$@" >>server.log 2>&1) || true
    end=$((SECONDS + deadline_seconds))
    until [[ $(redis-cli -p "$port" ping 2>/dev/null) == PONG ]]; do
      ! grep -q 'Address already in use' "$log" || continue 2
      if ((SECONDS >= end)) || grep -qiE 'fatal|aborting|exiting' "$log"; then fail_with_log "$name" "$log"; fi
      sleep 0.05
    done
    return
  done
  fail_with_log "$name" "$log"
}

sentinel_knows_all() {
  local fields
  fields=$(redis-cli -p "$(beside_port "$1")" SENTINEL MASTER "$redis_master" | paste -d= - -)
  grep -qx 'num-slaves=1' <<<"$fields" && grep -qx 'num-other-sentinels=2' <<<"$fields"
}

# A replica of the Redis that has just been started, and three sentinels.
start_sentinels() {
  local n end
  echo "replicaof 127.0.0.1 $redis_port" | start_beside replica
  for n in 1 2 3; do
    start_beside "sentinel-$n" --sentinel <<CONF
sentinel monitor $redis_master 127.0.0.1 $redis_port 2
sentinel down-after-milliseconds $redis_master 1000
sentinel failover-timeout $redis_master 5000
CONF
  done
  end=$((SECONDS + deadline_seconds))
  for n in 1 2 3; do
    until sentinel_knows_all "sentinel-$n"; do
      ((SECONDS < end)) || fail_with_log "sentinel-$n" "$dir/redis/sentinel-$n/server.log"
      sleep 0.1
    done
  done
}

stop_beside() {
  local folder pid
  for folder in "$dir"/redis/sentinel-* "$dir"/redis/replica; do
    if pid=$(beside_pid "$folder"); then kill -KILL "$pid" 2>/dev/null || true; fi
  done
}
