-- Asks a deployment to stop: hosts that wait are cancelled at once, hosts under way are told by their workers.
-- KEYS head hosts events leases lane ; ARGV id reason event maxlen
local status = redis.call('HGET', KEYS[1], 'status')
if status ~= 'queued' and status ~= 'running' then return status or '' end
if redis.call('HSETNX', KEYS[1], 'cancel', ARGV[2]) == 0 then return 'cancelling' end
local all = redis.call('HGETALL', KEYS[2])
for i = 1, #all, 2 do
  local state, attempt, batch, owner = parse(all[i + 1])
  if PAUSED[state] and owner == '-' then
    redis.call('HSET', KEYS[2], all[i], pack('cancelled', attempt, batch, '-'))
    redis.call('HINCRBY', KEYS[1], 'b:' .. batch .. ':left', -1)
    redis.call('HINCRBY', KEYS[1], 'b:' .. batch .. ':bad', 1)
    redis.call('ZREM', KEYS[4], ARGV[1] .. ' ' .. all[i])
  end
end
redis.call('DEL', KEYS[5])
redis.call('HSET', KEYS[1], 'due', '1')
note(KEYS[3], ARGV[4], ARGV[3])
return 'cancelling'
