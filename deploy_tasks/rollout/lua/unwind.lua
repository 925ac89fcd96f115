-- Starts taking hosts back: the deployment is rolling back and each of these hosts waits to be undone.
-- KEYS head hosts leases events active locks sequence
-- ARGV prefix id expected-statuses(comma separated) reason wait_ms event maxlen stale_ms locks(JSON) undo-hosts(JSON)
local status = redis.call('HGET', KEYS[1], 'status')
if not string.find(',' .. ARGV[3] .. ',', ',' .. (status or '?') .. ',', 1, true) then return {'no', status or ''} end
local now, wanted, hosts = clock(), cjson.decode(ARGV[9]), cjson.decode(ARGV[10])
if #wanted > 0 then
  local held = hold(ARGV[1], KEYS[6], KEYS[5], ARGV[2], wanted, tonumber(ARGV[8]), now)
  if held then return {'held', held[1], held[2], held[3], tostring(held[4])} end
  redis.call('PERSIST', KEYS[1])
  redis.call('PERSIST', KEYS[2])
  redis.call('PERSIST', KEYS[4])
  redis.call('PERSIST', ARGV[1] .. 'd:' .. ARGV[2] .. ':outcomes')
  redis.call('HSET', KEYS[1], 'deadline', string.format('%.0f', now + tonumber(redis.call('HGET', KEYS[1], 'allowance'))))
end
local count = 0
for _, host in ipairs(hosts) do
  local state, attempt, batch = parse(redis.call('HGET', KEYS[2], host))
  if PAUSED[state] then state = 'cancelled' end
  if EDGES[state]['undoing'] then
    redis.call('HSET', KEYS[2], host, pack('undoing', attempt + 1, batch, '-'))
    redis.call('ZADD', KEYS[3], now + tonumber(ARGV[5]), ARGV[2] .. ' ' .. host)
    count = count + 1
  end
end
redis.call('HSET', KEYS[1], 'status', 'rolling_back', 'reason', ARGV[4], 'undo:left', count, 'undo:state', 'pending',
  'sequence', next_sequence(KEYS[7], now))
redis.call('ZADD', KEYS[5], now, ARGV[2])
note(KEYS[4], ARGV[7], ARGV[6])
return {'ok', tostring(count)}
