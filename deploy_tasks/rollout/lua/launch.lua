-- Opens one batch: its hosts wait for workers from now on, and whoever is lost on the way is found by its lease.
-- With a width only so many hosts wait for workers; the others stand in the lane until there is room.
-- Who has ended in an earlier stage takes no part: `left` counts those that do.
-- KEYS head leases events lane hosts ; ARGV id batch wait_ms event maxlen width allowed [host]…
local field = 'b:' .. ARGV[2] .. ':state'
if redis.call('HGET', KEYS[1], field) ~= 'pending' or redis.call('HGET', KEYS[1], 'status') ~= 'running' then return 0 end
local now = clock()
redis.call('HSET', KEYS[1], field, 'running')
redis.call('HSETNX', KEYS[1], 'pushed', now)
redis.call('DEL', KEYS[4])
local left = 0
for i = 8, #ARGV do
  if not FINAL[parse(redis.call('HGET', KEYS[5], ARGV[i]))] then left = left + 1 end
  if i - 7 <= tonumber(ARGV[6]) then
    redis.call('ZADD', KEYS[2], now + tonumber(ARGV[3]), ARGV[1] .. ' ' .. ARGV[i])
  else
    redis.call('RPUSH', KEYS[4], ARGV[i])
  end
end
redis.call('HSET', KEYS[1], 'b:' .. ARGV[2] .. ':left', left, 'b:' .. ARGV[2] .. ':allowed', ARGV[7])
note(KEYS[3], ARGV[5], ARGV[4])
return 1
