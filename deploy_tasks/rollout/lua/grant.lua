-- Gives one host to one worker, if the host is free and the attempt is the one the ledger waits for.
-- KEYS head hosts leases active ; ARGV id host member attempt owner lease_ms phase(push|undo) batch(empty: any)
local head = redis.call('HMGET', KEYS[1], 'status', 'cancel', 'sequence', 'sealed', 'deadline')
local raw = redis.call('HGET', KEYS[2], ARGV[2])
if not raw or head[4] ~= '1' then return {'unknown', '', '0'} end
local state, attempt, batch, owner = parse(raw)
local undo = ARGV[7] == 'undo'
if FINAL[state] then return {'done', state, tostring(attempt)} end
if attempt ~= tonumber(ARGV[4]) or (not undo and ARGV[8] ~= '' and batch ~= tonumber(ARGV[8])) then return {'superseded', state, tostring(attempt)} end
if owner ~= '-' and owner ~= ARGV[5] then return {'held', state, tostring(attempt)} end
if head[1] ~= (undo and 'rolling_back' or 'running') or (state == 'undoing') ~= undo then
  return {'refused', state, tostring(attempt)}
end
if state == 'waiting' and redis.call('HGET', KEYS[1], 'b:' .. batch .. ':state') == 'pending' then
  return {'refused', state, tostring(attempt)}
end
local now = clock()
local stop = ''
if not undo then
  local budget = redis.call('HMGET', KEYS[1], 'b:' .. batch .. ':bad', 'b:' .. batch .. ':allowed')
  if head[2] then
    stop = head[2]
  elseif PAUSED[state] and tonumber(budget[1] or '0') > tonumber(budget[2] or '0') then
    stop = 'not started: too many hosts of its batch had failed'
  end
end
local seen = state
if stop == '' and not undo then state = 'connecting' end
redis.call('HSET', KEYS[2], ARGV[2], pack(state, attempt, batch, ARGV[5]))
redis.call('ZADD', KEYS[3], now + tonumber(ARGV[6]), ARGV[3])
redis.call('ZADD', KEYS[4], 'XX', now, ARGV[1])
return {'ok', seen, tostring(attempt), head[3], stop, string.format('%.0f', tonumber(head[5]) - now), tostring(batch)}
