-- Record, hosts, locks and seal in one step: either all of it is there afterwards or nothing.
-- KEYS head hosts events index active locks sequence epoch
-- ARGV prefix id head-fields(JSON) hosts(JSON [[host, lock, batch]]) deadline_ms stale_ms maxlen
local id, now = ARGV[2], clock()
local digest = redis.call('HGET', KEYS[1], 'digest')
local fields = cjson.decode(ARGV[3])
if digest then return {digest == fields.digest and 'exists' or 'taken', redis.call('HGET', KEYS[1], 'status')} end
local rows, wanted = cjson.decode(ARGV[4]), {}
for i, row in ipairs(rows) do wanted[i] = row[2] end
local held = hold(ARGV[1], KEYS[6], KEYS[5], id, wanted, tonumber(ARGV[6]), now)
if held then return {'held', held[1], held[2], held[3], tostring(held[4])} end
local sequence = next_sequence(KEYS[7], now)
for _, row in ipairs(rows) do redis.call('HSET', KEYS[2], row[1], pack('queued', 1, row[3], '-')) end
for name, value in pairs(fields) do redis.call('HSET', KEYS[1], name, value) end
redis.call('HSET', KEYS[1], 'status', 'queued', 'sequence', sequence, 'created', now,
  'deadline', string.format('%.0f', now + tonumber(ARGV[5])), 'sealed', '1')
redis.call('ZADD', KEYS[4], now, id)
redis.call('ZADD', KEYS[5], now, id)
note(KEYS[3], ARGV[7], cjson.encode({kind = 'deployment', status = 'queued', at = now}))
return {'created', sequence}
