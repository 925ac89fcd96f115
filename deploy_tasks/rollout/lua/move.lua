-- Moves one host along the drawn edges, for the worker that owns it, and notes what happened.
-- A host that ends a stage waits under the number of its next batch, where attempts are counted anew.
-- KEYS head hosts leases outcomes events
-- ARGV host member attempt owner path(states, comma separated) outcome event maxlen phase(push|undo) next(batch, when it waits)
local raw = redis.call('HGET', KEYS[2], ARGV[1])
if not raw then return {'unknown', ''} end
local state, attempt, batch, owner = parse(raw)
local path = {}
for step in string.gmatch(ARGV[5], '[^,]+') do path[#path + 1] = step end
if attempt ~= tonumber(ARGV[3]) or owner ~= ARGV[4] then
  local done = FINAL[state] and attempt == tonumber(ARGV[3]) or state == 'waiting' and batch == tonumber(ARGV[10])
  local same = owner == '-' and done and path[#path] == state
  return {same and 'repeated' or 'lost', raw}
end
for i, to in ipairs(path) do
  if EDGES[state][to] then
    state = to
  -- A phase on the way that was told before, in a write whose answer got lost, is not told again; the last step decides.
  elseif to ~= state and (i == #path or not (EDGES[to] and EDGES[to][state])) then
    return {'edge', raw}
  end
end
local waits = state == 'waiting' and #path > 0
local final = (FINAL[state] or waits) and #path > 0
if waits then
  redis.call('HSET', KEYS[2], ARGV[1], pack(state, 1, tonumber(ARGV[10]), '-'))
else
  redis.call('HSET', KEYS[2], ARGV[1], pack(state, attempt, batch, final and '-' or owner))
end
if ARGV[6] ~= '' then redis.call('HSET', KEYS[4], ARGV[1], ARGV[6]) end
note(KEYS[5], ARGV[8], ARGV[7])
if not final then return {'ok', ''} end
redis.call('ZREM', KEYS[3], ARGV[2])
local counter = 'undo:left'
if ARGV[9] ~= 'undo' then
  counter = 'b:' .. batch .. ':left'
  if BAD[state] or state == 'cancelled' then redis.call('HINCRBY', KEYS[1], 'b:' .. batch .. ':bad', 1) end
end
local left = redis.call('HINCRBY', KEYS[1], counter, -1)
if left <= 0 then redis.call('HSET', KEYS[1], 'due', '1') end
return {'ok', tostring(left)}
