-- What to do about a host whose lease has ended: hand it out again under a higher attempt, or give it up.
-- With max_attempts 0 it is given up at once, also when nobody has it.
-- KEYS hosts leases ; ARGV host member max_attempts wait_ms sweeper
local now = clock()
local ends = redis.call('ZSCORE', KEYS[2], ARGV[2])
if not ends or tonumber(ends) > now then return {'alive'} end
local raw = redis.call('HGET', KEYS[1], ARGV[1])
if not raw or FINAL[parse(raw)] then
  redis.call('ZREM', KEYS[2], ARGV[2])
  return {'gone'}
end
local state, attempt, batch, owner = parse(raw)
local most = tonumber(ARGV[3]) * (state == 'undoing' and 2 or 1)
redis.call('ZADD', KEYS[2], now + tonumber(ARGV[4]), ARGV[2])
if owner == '-' and most > 0 then return {'waiting', state, tostring(attempt), tostring(batch), owner} end
if attempt >= most then
  redis.call('HSET', KEYS[1], ARGV[1], pack(state, attempt, batch, ARGV[5]))
  return {'exhausted', state, tostring(attempt), tostring(batch), owner}
end
redis.call('HSET', KEYS[1], ARGV[1], pack(state, attempt + 1, batch, '-'))
return {'again', state, tostring(attempt + 1), tostring(batch), owner}
