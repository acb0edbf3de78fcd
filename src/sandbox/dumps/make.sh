#!/usr/bin/env bash
# Makes the sandbox's dumps with a real redis-server (7.0 or newer): every file here is what Redis itself wrote.
# Usage: src/sandbox/dumps/make.sh      needs redis-server, redis-cli and redis-check-rdb; takes a few seconds.
# The content is the same each time; only the auxiliary fields (time of writing, memory used) differ.
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
work="$(mktemp -d)"
servers=()

cleanup() {
  for server in "${servers[@]}"; do kill "$server" 2>/dev/null || true; done
  rm -rf "$work"
}
trap cleanup EXIT

# start NAME [OPTION…]: a server of its own folder and socket, no password, no snapshots but ours.
start() {
  local name="$1"; shift
  mkdir -p "$work/$name"
  redis-server --port 0 --unixsocket "$work/$name/socket" --dir "$work/$name" --save '' --appendonly no \
    --loglevel warning --logfile "$work/$name/log" "$@" &
  servers+=("$!")
  until redis-cli -s "$work/$name/socket" ping >/dev/null 2>&1; do sleep 0.05; done
}

cli() { local name="$1"; shift; redis-cli -e -s "$work/$name/socket" "$@"; }

# keep NAME FILE: saves and takes the dump, if Redis' own checker accepts it.
keep() {
  cli "$1" SAVE >/dev/null
  redis-check-rdb "$work/$1/dump.rdb" >"$work/check"
  cp "$work/$1/dump.rdb" "$here/$2"
  echo "$2: $(stat -c %s "$here/$2") bytes, $(grep -o '[0-9]* keys read' "$work/check")"
}

start empty
keep empty empty.rdb

# Every type, each in its small and in its big encoding; keys that expire (in 2100), three databases, a binary key.
start standard
cli standard EVAL "
  local far = 4102444800
  redis.call('SET', 'greeting', 'hello')
  redis.call('SET', 'visits', 12345678901)
  redis.call('SET', 'article:1', string.rep('Backups nobody restored are hopes. ', 200))
  redis.call('SET', string.char(0, 255, 10, 13, 32) .. 'binary', string.char(0, 1, 2, 254, 255))
  redis.call('SETBIT', 'flags', 8191, 1)
  redis.call('PFADD', 'visitors', 'ada', 'grace', 'edsger')
  for i = 1, 20 do redis.call('SET', 'session:' .. redis.sha1hex(i), redis.sha1hex(-i), 'EXAT', far + i) end
  for i = 1, 5 do redis.call('RPUSH', 'queue:small', 'job-' .. i) end
  for i = 1, 600 do redis.call('RPUSH', 'queue:big', redis.sha1hex('job' .. i)) end
  for i = 1, 50 do redis.call('SADD', 'set:numbers', i * 1000) end
  for i = 1, 700 do redis.call('SADD', 'set:words', redis.sha1hex('word' .. i)) end
  for i = 1, 10 do redis.call('HSET', 'user:1', 'field' .. i, 'value ' .. i) end
  for i = 1, 600 do redis.call('HSET', 'user:many', 'field' .. i, redis.sha1hex('h' .. i)) end
  for i = 1, 10 do redis.call('ZADD', 'ranking:small', i / 3, 'player' .. i) end
  for i = 1, 300 do redis.call('ZADD', 'ranking:big', i * 1.5, redis.sha1hex('z' .. i)) end
  for i = 1, 150 do redis.call('XADD', 'events', i .. '-1', 'kind', 'click', 'n', i) end
  redis.call('XGROUP', 'CREATE', 'events', 'workers', '0')
  redis.call('XREADGROUP', 'GROUP', 'workers', 'w1', 'COUNT', 10, 'STREAMS', 'events', '>')
  redis.call('GEOADD', 'cities', 113.26, 23.13, 'Guangzhou', 121.47, 31.23, 'Shanghai')" 0 >/dev/null
cli standard FUNCTION LOAD "#!lua name=demo
redis.register_function('answer', function() return 42 end)" >/dev/null
cli standard -n 1 SET config:region ap-guangzhou >/dev/null
cli standard -n 9 RPUSH mailbox one two three >/dev/null
keep standard standard-1.rdb
cli standard EVAL "for i = 1, 80 do redis.call('SET', 'order:' .. i, redis.sha1hex('order' .. i)) end" 0 >/dev/null
keep standard standard-2.rdb
cli standard EVAL "for i = 81, 200 do redis.call('SET', 'order:' .. i, redis.sha1hex('order' .. i)) end
  redis.call('DEL', 'queue:big')" 0 >/dev/null
keep standard standard-3.rdb

# A footer of zeros: what a server with \`rdbchecksum no\` writes, and what nobody can check.
start unchecked --rdbchecksum no
cli unchecked MSET a 1 b 2 c 3 >/dev/null
keep unchecked unchecked.rdb

start large
cli large EVAL "
  for i = 1, 4000 do redis.call('SET', 'catalog:item:' .. i, redis.sha1hex(i) .. redis.sha1hex(i + 0.5)) end
  for i = 1, 200 do for j = 1, 8 do redis.call('HSET', 'cart:' .. i, 'item' .. j, j) end end" 0 >/dev/null
keep large large.rdb

# A cluster of two masters, each with half of the slots; and the one file that an export of it gives.
# A port is taken where nobody listens; the cluster bus takes the one 10000 above it.
for shard in 1 2; do
  for port in $(shuf -i 20000-40000 -n 20); do
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
  done
  start "shard-$shard" --bind 127.0.0.1 --port "$port" --cluster-enabled yes --cluster-config-file nodes.conf
  ports[shard]=$port
done
cli shard-1 CLUSTER ADDSLOTSRANGE 0 8191 >/dev/null
cli shard-2 CLUSTER ADDSLOTSRANGE 8192 16383 >/dev/null
cli shard-2 CLUSTER SET-CONFIG-EPOCH 2 >/dev/null
cli shard-1 CLUSTER MEET 127.0.0.1 "${ports[2]}" >/dev/null
for shard in 1 2; do
  until cli "shard-$shard" CLUSTER INFO | grep -q 'cluster_state:ok'; do sleep 0.05; done
done
start exported
for i in $(seq 1 300); do
  echo "SET order:$i paid-$i"
  if ((i % 10 == 0)); then echo "HSET customer:$i name customer-$i city Guangzhou"; fi
  if ((i % 25 == 0)); then echo "SET token:$i value-$i EXAT 4102444800"; fi
done >"$work/commands"
redis-cli -c -p "${ports[1]}" <"$work/commands" >/dev/null
cli exported <"$work/commands" >/dev/null
keep shard-1 cluster-shard-1.rdb
keep shard-2 cluster-shard-2.rdb
keep exported cluster-exported.rdb
