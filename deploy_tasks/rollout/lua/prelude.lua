-- Shared by every script; the tables EDGES, FINAL, BAD and PAUSED of states.py stand before it.
-- A host is kept as `state attempt batch owner`; the owner is `-` when nobody works on it.
local function clock()
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end
local function parse(raw)
  local state, attempt, batch, owner = string.match(raw, '^(%S+) (%d+) (%d+) (.*)$')
  return state, tonumber(attempt), tonumber(batch), owner
end
local function pack(state, attempt, batch, owner)
  return string.format('%s %d %d %s', state, attempt, batch, owner)
end
local function note(stream, maxlen, event)
  if event ~= '' then redis.call('XADD', stream, 'MAXLEN', '~', maxlen, '*', 'e', event) end
end
-- Ends a deployment whose holder has not been heard of: what waits is cancelled, what was under way has failed.
local function take_over(prefix, id, by, active)
  local hosts = prefix .. 'd:' .. id .. ':hosts'
  local all = redis.call('HGETALL', hosts)
  for i = 1, #all, 2 do
    local state, attempt, batch = parse(all[i + 1])
    if not FINAL[state] then
      local to = PAUSED[state] and 'cancelled' or state == 'undoing' and 'undo_failed' or 'failed'
      redis.call('HSET', hosts, all[i], pack(to, attempt, batch, '-'))
    end
    redis.call('ZREM', prefix .. 'leases', id .. ' ' .. all[i])
  end
  redis.call('HSET', prefix .. 'd:' .. id, 'status', 'failed', 'ended', clock(),
    'reason', 'taken over by ' .. by .. ': no worker had been heard of')
  redis.call('ZREM', active, id)
end
-- Takes all locks for a deployment or none; returns nil, or {lock, holder, by, age in ms} when one is held.
local function hold(prefix, locks, active, id, wanted, stale_ms, now)
  local dead = {}
  for start = 1, #wanted, 500 do
    local part = {}
    for i = start, math.min(start + 499, #wanted) do part[#part + 1] = wanted[i] end
    for i, holder in ipairs(redis.call('HMGET', locks, unpack(part))) do
      if holder and holder ~= id then
        local beat = redis.call('ZSCORE', active, holder)
        if beat and now - tonumber(beat) <= stale_ms then
          return {part[i], holder, redis.call('HGET', prefix .. 'd:' .. holder, 'by') or '?', now - tonumber(beat)}
        end
        if beat then dead[holder] = true end
      end
    end
  end
  for holder in pairs(dead) do take_over(prefix, holder, id, active) end
  for _, lock in ipairs(wanted) do redis.call('HSET', locks, lock, id) end
  return nil
end
local function release(locks, id, wanted)
  for _, lock in ipairs(wanted) do
    if redis.call('HGET', locks, lock) == id then redis.call('HDEL', locks, lock) end
  end
end
local function next_sequence(key, now)
  local last = tonumber(redis.call('GET', key) or '0')
  local value = math.max(last + 1, now)
  redis.call('SET', key, string.format('%.0f', value))
  return string.format('%.0f', value)
end
