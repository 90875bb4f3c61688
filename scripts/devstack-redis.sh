# The Redis of scripts/devstack, in the form that --redis names. It runs in its folder and uses relative paths: nothing to
# quote, whatever the folder is called.
# To be sourced; `dir` is the folder of the stack, `redis_form` one of `redis_forms`.
# shellcheck shell=bash

redis_forms='plain tls sentinel shards cluster none'
redis_master=devstack  # what sentinels call it

# The lines of redis.conf that say where it listens.
redis_listens() {
  case $redis_form in
    tls)
      printf '%s\n' 'port 0' "tls-port $redis_port" 'tls-ca-cert-file ../tls/ca.crt' \
        'tls-cert-file ../tls/server.crt' 'tls-key-file ../tls/server.key' 'tls-auth-clients no'
      ;;
    cluster)
      rm -rf "${dir:?}/redis/appendonlydir" "${dir:?}/redis/nodes.conf"  # of nodes that are no more
      echo "port $redis_port"
      cluster_lines
      ;;
    *) echo "port $redis_port" ;;
  esac
}

# Of one node.
cluster_lines() {
  printf '%s\n' 'cluster-enabled yes' "cluster-port $(free_port)" 'cluster-node-timeout 2000' \
    'cluster-require-full-coverage no' 'repl-diskless-sync-delay 0'
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
    shards)
      echo "redis://127.0.0.1:$redis_port/0 redis://127.0.0.1:$(beside_port shard-2)/0 redis://127.0.0.1:$(beside_port shard-3)/0"
      ;;
    cluster)
      local node nodes=("127.0.0.1:$redis_port")
      for node in 2 3; do nodes+=("127.0.0.1:$(beside_port "node-$node")"); done
      (IFS=, && echo "redis+cluster://${nodes[*]}/?shards=6")
      ;;
    tls) echo "rediss://127.0.0.1:$redis_port/0?tls_ca=$(url_path "$dir/tls/ca.crt")" ;;
    none) echo none ;;
    *) echo "redis://127.0.0.1:$redis_port/0" ;;
  esac
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

# Two servers like the first one.
start_shards() {
  local n
  for n in 2 3; do
    start_beside "shard-$n" <<'CONF'
appendonly yes
maxmemory-policy noeviction
CONF
  done
}

cluster_is_whole() {
  local info
  info=$(redis-cli -p "$1" CLUSTER INFO)
  grep -q '^cluster_state:ok' <<<"$info" && grep -q '^cluster_known_nodes:6' <<<"$info"
}

# Five nodes beside the first one: with it three masters, each with a replica.
start_cluster() {
  local node ports=("$redis_port") log=$dir/redis/cluster.log end
  for node in 2 3 4 5 6; do
    printf '%s\n' 'appendonly yes' 'maxmemory-policy noeviction' "$(cluster_lines)" | start_beside "node-$node"
    ports+=("$(beside_port "node-$node")")
  done
  redis-cli --cluster create "${ports[@]/#/127.0.0.1:}" --cluster-replicas 1 --cluster-yes >"$log" 2>&1 ||
    fail_with_log 'The cluster' "$log"
  end=$((SECONDS + deadline_seconds))
  for node in "${ports[@]}"; do
    until cluster_is_whole "$node"; do
      ((SECONDS < end)) || fail_with_log 'The cluster' "$log"
      sleep 0.1
    done
  done
}

stop_beside() {
  local folder pid
  for folder in "$dir"/redis/sentinel-* "$dir"/redis/replica "$dir"/redis/shard-* "$dir"/redis/node-*; do
    if pid=$(beside_pid "$folder"); then kill -KILL "$pid" 2>/dev/null || true; fi
  done
}

redis_pid() {
  local pid
  pid=$(cat "$dir/redis/redis.pid" 2>/dev/null) || return 1
  [[ /proc/$pid/cwd -ef $dir/redis ]] && echo "$pid"  # an old file may name somebody else's process
}

redis_answers() { [[ $(redis-cli -s "$dir/redis/redis.sock" ping 2>/dev/null) == PONG ]]; }

# Answers 0 started, 1 the port is taken.
try_redis() {
  redis_port=$(free_port)
  cat >"$dir/redis/redis.conf" <<CONF
bind 127.0.0.1
$(redis_listens)
unixsocket redis.sock
daemonize yes
pidfile redis.pid
logfile redis.log
dir .
appendonly yes
maxmemory-policy noeviction
CONF
  : >"$dir/redis/redis.log"
  (cd "$dir/redis" && close_inherited_files && exec redis-server redis.conf >>redis.log 2>&1) || true
  local end=$((SECONDS + deadline_seconds))
  until redis_answers; do
    ! grep -q 'Address already in use' "$dir/redis/redis.log" || return 1
    if ((SECONDS >= end)) || grep -qiE 'fatal|aborting|exiting' "$dir/redis/redis.log"; then
      fail_with_log Redis "$dir/redis/redis.log"
    fi
    sleep 0.05
  done
}

start_redis() {
  [[ $redis_form != none ]] || return 0
  if redis_pid >/dev/null && redis_answers; then
    redis_port=$(redis_port_of)
    return
  fi
  stop_redis
  say "Starting Redis"
  mkdir -p "$dir/redis"
  [[ $redis_form != tls ]] || make_certificates
  local attempt
  for ((attempt = 0; attempt < attempts; attempt++)); do
    try_redis || continue
    [[ $redis_form != sentinel ]] || start_sentinels
    [[ $redis_form != shards ]] || start_shards
    [[ $redis_form != cluster ]] || start_cluster
    return
  done
  fail_with_log Redis "$dir/redis/redis.log"
}

stop_redis() {
  local pid end
  stop_beside
  pid=$(redis_pid) || return 0
  say "Stopping Redis"
  kill -TERM "$pid"
  kill -CONT "$pid"  # a test may have frozen it
  end=$((SECONDS + 10))
  while redis_pid >/dev/null; do
    ((SECONDS < end)) || kill -KILL "$pid" 2>/dev/null || true
    sleep 0.05
  done
}
