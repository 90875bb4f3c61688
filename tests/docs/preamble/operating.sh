# A letter of what was no job, a job that waits in Redis, another that a relay has yet to bring, and an empty queue.
set -eu
redis-cli ZADD 'ac:{mail}:dead' 1795263818462 \
  '{"v":1,"cause":"malformed","reason":"the text is not JSON: it breaks off or goes wrong at byte 1","worker":"vm-30605-f538c8177776","at":1795263818462,"entry":"1795263818455-0","raw":"hello"}'
redis-cli XGROUP CREATE 'ac:{default}:stream' workers 0 MKSTREAM
psql "$DATABASE_URL" -c "SELECT aftercommit.enqueue('send_receipt', '[1]', queue => 'mail', countdown => '1 hour')"
worker --relay-only --queues mail 2>/dev/null &
until [[ $(redis-cli ZCARD 'ac:{mail}:delayed') == *1 ]]; do sleep 0.05; done
kill $!
wait $!
psql "$DATABASE_URL" -c "SELECT aftercommit.enqueue('send_receipt', '[2]', queue => 'mail')"
