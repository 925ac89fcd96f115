-- For a deployment that works on only so many hosts at once: hands out hosts of its lane while there is room.
-- KEYS hosts leases lane ; ARGV id width wait_ms
local room = tonumber(ARGV[2])
if redis.call('LLEN', KEYS[3]) == 0 then return {} end
for _, host in ipairs(redis.call('HKEYS', KEYS[1])) do
  if redis.call('ZSCORE', KEYS[2], ARGV[1] .. ' ' .. host) then room = room - 1 end
end
local out, now = {}, clock()
while #out < 3 * room do
  local host = redis.call('LPOP', KEYS[3])
  if not host then break end
  local state, attempt, batch, owner = parse(redis.call('HGET', KEYS[1], host))
  if PAUSED[state] and owner == '-' then
    redis.call('ZADD', KEYS[2], now + tonumber(ARGV[3]), ARGV[1] .. ' ' .. host)
    out[#out + 1] = host
    out[#out + 1] = tostring(batch)
    out[#out + 1] = tostring(attempt)
  end
end
return out
