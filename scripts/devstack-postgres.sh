# The PostgreSQL of scripts/devstack, in the form that --postgres names. It runs in its folder and uses relative paths.
# To be sourced; `dir` is the folder of the stack, `postgres_form` one of `postgres_forms`.
# shellcheck shell=bash

postgres_forms='plain tls standby'

# PostgreSQL refuses to run as root; its package brings a user made for it.
as_owner() {
  if ((EUID == 0)); then
    setpriv --reuid=postgres --regid=postgres --init-groups -- "$@"
  else
    "$@"
  fi
}

# The newest PostgreSQL: Debian keeps several side by side and none of them in PATH.
postgres_bin() {
  local newest
  newest=$(compgen -G '/usr/lib/postgresql/*/bin/initdb' | sort -V | tail -n 1 || true)
  [[ -n $newest ]] || newest=$(pg_config --bindir 2>/dev/null || true)/initdb
  dirname "$newest"
}

# Of the server in data, or in the folder that $pg_data names: the standby's is beside it, and so are its log and socket.
pg_ctl() { (cd "$dir/postgres" && as_owner "$pg_bin/pg_ctl" -D "${pg_data:-data}" "$@"); }

# What the form wants beside what every server of ours has.
configure_form() {
  local data=$dir/postgres/data
  case $postgres_form in
    standby)
      # So that pg_rewind can take back what the other has never got, and finds the log that it needs.
      printf '%s\n' 'wal_log_hints = on' 'full_page_writes = on' "wal_keep_size = '256MB'" >>"$data/postgresql.conf"
      ;;
    tls)
      make_certificates
      install -m 600 "$dir/tls/server.key" "$dir/tls/server.crt" "$data"
      ((EUID != 0)) || chown postgres: "$data/server.key" "$data/server.crt"
      echo 'ssl = on' >>"$data/postgresql.conf"
      printf '%s\n' 'local all all trust' 'hostssl all all 127.0.0.1/32 trust' >"$data/pg_hba.conf"
      ;;
  esac
}

init_postgres() {
  mkdir -p "$dir/postgres"
  chmod 700 "$dir/postgres"
  if ((EUID == 0)); then
    chown postgres: "$dir/postgres"
    as_owner test -w "$dir/postgres" ||
      fail "the user postgres, who runs PostgreSQL for root, cannot enter $dir; choose another folder or TMPDIR."
  fi
  # A folder that is not complete is of no use: initdb stopped midway.
  [[ ! -e $dir/postgres/initialized ]] || return 0
  say "Creating the PostgreSQL data folder"
  rm -rf "$dir/postgres/data"
  (cd "$dir/postgres" && as_owner "$pg_bin/initdb" -D data --username=postgres --auth=trust --encoding=UTF8 \
    --locale=C --no-sync --no-instructions >initdb.log 2>&1) ||
    fail_with_log PostgreSQL "$dir/postgres/initdb.log"
  cat >>"$dir/postgres/data/postgresql.conf" <<CONF
listen_addresses = '127.0.0.1'
unix_socket_directories = '..'
max_connections = 200
fsync = $fsync
full_page_writes = $fsync
CONF
  configure_form
  : >"$dir/postgres/initialized"
}

# Starts the server of $pg_data. Answers 0 started, 1 the port is taken.
try_postgres() {
  postgres_port=${1:-$(free_port)}
  local log=$dir/postgres/postgres.log
  [[ ${pg_data:-data} == data ]] || log=$dir/postgres/$pg_data.log
  rm -f "$log"
  if (
    close_inherited_files
    pg_ctl start -w -t "$deadline_seconds" -l "${log##*/}" -o "-p $postgres_port" >/dev/null
  ); then
    return 0
  fi
  ! grep -q 'Address already in use' "$log" || return 1
  fail_with_log PostgreSQL "$log"
}

psql_quietly() { "$pg_bin/psql" -X -q -A -t -h 127.0.0.1 -p "$postgres_port" -U postgres "$@"; }

# Answers 0 and sets postgres_port if a server of this folder runs. One that is just starting or dying is awaited.
postgres_runs() {
  local end=$((SECONDS + 10))
  while pg_ctl status >/dev/null 2>&1; do
    postgres_port=$(sed -n 4p "$dir/postgres/${pg_data:-data}/postmaster.pid")
    ! "$pg_bin/pg_isready" -q -h 127.0.0.1 -p "$postgres_port" || return 0
    ((SECONDS < end)) || break
    sleep 0.1
  done
  return 1
}

# Starts the server of $pg_data, which is there.
start_server() {
  ! postgres_runs || return 0
  local attempt
  for ((attempt = 0; attempt < attempts; attempt++)); do
    try_postgres && return
  done
  fail_with_log PostgreSQL "$dir/postgres/postgres.log"
}

# Makes and starts the other server of the form standby; sets standby_port.
start_standby() {
  local data_port=$postgres_port pg_data=standby
  if [[ ! -e $dir/postgres/standby/PG_VERSION ]]; then
    say "Creating the standby"
    rm -rf "$dir/postgres/standby"
    (cd "$dir/postgres" && as_owner "$pg_bin/pg_basebackup" -D standby -h 127.0.0.1 -p "$data_port" -U postgres \
      --write-recovery-conf --checkpoint=fast --no-sync >basebackup.log 2>&1) ||
      fail_with_log PostgreSQL "$dir/postgres/basebackup.log"
  fi
  start_server
  standby_port=$postgres_port
  postgres_port=$data_port
  lead_standby "$data_port" "$standby_port"
}

is_standby() { [[ $(postgres_port=$1 psql_quietly -c 'SELECT pg_is_in_recovery()' postgres) == t ]]; }

# Of the servers at two ports: has the standby follow the other, whose port may be a new one.
lead_standby() {
  local primary=$1 postgres_port=$2
  if is_standby "$1"; then primary=$2 postgres_port=$1; fi
  psql_quietly -c "ALTER SYSTEM SET primary_conninfo = 'host=127.0.0.1 port=$primary user=postgres'" \
    -c 'SELECT pg_reload_conf()' postgres >/dev/null
}

fail_over() {
  find_dir "${1:-}"
  check_programs
  postgres_form=$(form_of postgres "$postgres_forms" "")
  [[ $postgres_form == standby ]] || fail "the stack in $dir has no standby; start one with --postgres standby."
  local old=data new=standby pg_data=data old_port
  postgres_runs || fail "the server in $dir/postgres/data does not run."
  if is_standby "$postgres_port"; then old=standby new=data; fi
  pg_data=$old
  postgres_runs || fail "the server in $dir/postgres/$old does not run."
  old_port=$postgres_port
  pg_data=$new
  postgres_runs || fail "the server in $dir/postgres/$new does not run."

  say "Ending the primary"
  pg_data=$old pg_ctl stop -w -m immediate >/dev/null
  say "Promoting the standby"
  pg_data=$new pg_ctl promote -w -t "$deadline_seconds" >/dev/null
  say "Bringing the other back as its standby"
  psql_quietly -c CHECKPOINT postgres  # with which its files tell of the promotion
  (cd "$dir/postgres" && as_owner "$pg_bin/pg_rewind" --target-pgdata="$old" --write-recovery-conf --no-sync \
    --source-server="host=127.0.0.1 port=$postgres_port user=postgres dbname=postgres" >rewind.log 2>&1) ||
    fail_with_log PostgreSQL "$dir/postgres/rewind.log"
  pg_data=$old try_postgres "$old_port" || fail "another process has taken port $old_port."
}

start_postgres() {
  if ! postgres_runs; then
    stop_postgres
    init_postgres
    say "Starting PostgreSQL"
    start_server
  fi
  if [[ $postgres_form == standby ]]; then start_standby; fi
  if [[ -z $(psql_quietly -c "SELECT 1 FROM pg_database WHERE datname = 'aftercommit'" postgres) ]]; then
    psql_quietly -c 'CREATE DATABASE aftercommit' postgres
  fi
}

stop_postgres() {
  local pg_data
  for pg_data in data standby; do
    if [[ -d $dir/postgres/$pg_data ]]; then stop_server; fi
  done
}

stop_server() {
  pg_ctl status >/dev/null 2>&1 || return 0
  say "Stopping PostgreSQL"
  kill -CONT "$(head -n 1 "$dir/postgres/$pg_data/postmaster.pid")" 2>/dev/null || true  # a test may have frozen it
  local mode
  for mode in fast immediate; do
    ! pg_ctl stop -w -t 10 -m "$mode" >/dev/null 2>&1 || return 0
  done
  ! pg_ctl status >/dev/null 2>&1 || fail "the PostgreSQL in $dir does not stop."
}

database_url() {
  case $postgres_form in
    plain) echo "postgresql://postgres@127.0.0.1:$postgres_port/aftercommit" ;;
    standby)
      local hosts=127.0.0.1:$postgres_port,127.0.0.1:$standby_port
      echo "postgresql://postgres@$hosts/aftercommit?target_session_attrs=read-write"
      ;;
    tls)
      local ca
      ca=$(url_path "$dir/tls/ca.crt")
      echo "postgresql://postgres@localhost:$postgres_port/aftercommit?sslmode=verify-full&sslrootcert=$ca"
      ;;
  esac
}
