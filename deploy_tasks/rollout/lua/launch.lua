-- Opens one batch: its hosts wait for workers from now on, and whoever is lost on the way is found by its lease.
-- With a width only so many hosts wait for workers; the others stand in the lane until there is room.
-- KEYS head leases events lane ; ARGV id batch wait_ms event maxlen width [host]…
local field = 'b:' .. ARGV[2] .. ':state'
if redis.call('HGET', KEYS[1], field) ~= 'pending' or redis.call('HGET', KEYS[1], 'status') ~= 'running' then return 0 end
local now = clock()
redis.call('HSET', KEYS[1], field, 'running')
redis.call('HSETNX', KEYS[1], 'pushed', now)
redis.call('DEL', KEYS[4])
for i = 7, #ARGV do
  if i - 6 <= tonumber(ARGV[6]) then
    redis.call('ZADD', KEYS[2], now + tonumber(ARGV[3]), ARGV[1] .. ' ' .. ARGV[i])
  else
    redis.call('RPUSH', KEYS[4], ARGV[i])
  end
end
note(KEYS[3], ARGV[5], ARGV[4])
return 1
