-- Renews the leases of one deployment's hosts in one worker; tells which are lost and whether to stop.
-- KEYS head hosts leases active ; ARGV id lease_ms [host member owner attempt]…
local now, lost = clock(), {}
for i = 3, #ARGV, 4 do
  local raw = redis.call('HGET', KEYS[2], ARGV[i])
  local ours = false
  if raw then
    local _, attempt, _, owner = parse(raw)
    ours = owner == ARGV[i + 2] and attempt == tonumber(ARGV[i + 3])
  end
  if ours then
    redis.call('ZADD', KEYS[3], now + tonumber(ARGV[2]), ARGV[i + 1])
  else
    lost[#lost + 1] = ARGV[i + 2]
  end
end
redis.call('ZADD', KEYS[4], 'XX', now, ARGV[1])
local head = redis.call('HMGET', KEYS[1], 'status', 'cancel')
local ended = {succeeded = true, failed = true, cancelled = true, rolled_back = true}
if head[1] and ended[head[1]] then return {'the deployment has ended', lost} end
return {head[2] or '', lost}
