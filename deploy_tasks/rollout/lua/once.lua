-- Decides who performs what one host of a batch does for all of them, and keeps its result for the others.
-- KEYS hosts once ; ARGV key host attempt ask|tell expire_s sealed(tell) or impatient(ask: 1 or 0) [candidate]…
-- Kept under the key: `by` is `attempt host` of who performs it, `is` the sealed result.
local key, host, attempt = ARGV[1], ARGV[2], ARGV[3]
local by = redis.call('HGET', KEYS[2], key .. ' by')
local performer
if by then performer = string.match(by, '^%d+ (.*)$') end
if ARGV[4] == 'tell' then
  if performer ~= host then return {'lost'} end
  redis.call('HSET', KEYS[2], key .. ' is', ARGV[6])
  redis.call('EXPIRE', KEYS[2], ARGV[5])
  return {'ok'}
end
local function mine()
  redis.call('HSET', KEYS[2], key .. ' by', attempt .. ' ' .. host)
  redis.call('HDEL', KEYS[2], key .. ' is')
  redis.call('EXPIRE', KEYS[2], ARGV[5])
  return {'perform'}
end
-- Who performed it and asks again begins anew: what it did was taken back, or it never came to it.
if performer == host then return mine() end
local is = redis.call('HGET', KEYS[2], key .. ' is')
if is then return {'done', is} end
local _, _, here = parse(redis.call('HGET', KEYS[1], host) or '- 0 -1 -')
-- Whether a host may still come to it: it is in this batch, has not ended, and somebody works on it or will soon.
local function may_come(name)
  local raw = redis.call('HGET', KEYS[1], name)
  if not raw then return false end
  local state, _, batch, owner = parse(raw)
  if FINAL[state] or state == 'undoing' or batch ~= here then return false end
  return owner ~= '-' or ARGV[6] ~= '1'
end
if performer and may_come(performer) then return {'wait'} end
for i = 7, #ARGV do
  if ARGV[i] == host then return mine() end
  if may_come(ARGV[i]) then return {'wait'} end
end
return {'wait'}
