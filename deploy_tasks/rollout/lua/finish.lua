-- Ends a deployment: what still waits is cancelled, the locks are free, the record expires some day.
-- KEYS head hosts events active locks outcomes shared ; ARGV id expected(comma separated) to reason event maxlen locks(JSON) keep_s
local status = redis.call('HGET', KEYS[1], 'status')
if not string.find(',' .. ARGV[2] .. ',', ',' .. (status or '?') .. ',', 1, true) then return 0 end
local all = redis.call('HGETALL', KEYS[2])
for i = 1, #all, 2 do
  local state, attempt, batch = parse(all[i + 1])
  if PAUSED[state] then redis.call('HSET', KEYS[2], all[i], pack('cancelled', attempt, batch, '-')) end
end
redis.call('HSET', KEYS[1], 'status', ARGV[3], 'ended', clock())
if ARGV[4] ~= '' then redis.call('HSET', KEYS[1], 'reason', ARGV[4]) end
redis.call('ZREM', KEYS[4], ARGV[1])
redis.call('DEL', KEYS[7])
release(KEYS[5], ARGV[1], cjson.decode(ARGV[7]))
note(KEYS[3], ARGV[6], ARGV[5])
for _, key in ipairs({KEYS[1], KEYS[2], KEYS[3], KEYS[6]}) do redis.call('EXPIRE', key, ARGV[8]) end
return 1
