-- Counts the hosts that perform a task, where only so many may at a time, and keeps an order and an end among them.
-- KEYS hosts slots ; ARGV what host attempt expire_s task …
--   ask  most tolerated(-1: whoever fails does not matter) patience_ms impatient(0, 1) order(a key, or empty) [candidate]…
--   done failed(0, 1) ; pass order ; leave
-- Kept under the task: `by` is {host: [attempt, when it was first seen without a worker, or 0]}, `bad` the hosts it failed
-- on. Under an order: `come HOST` for who has come to it, `next` the first candidate of whom that is not known.
-- `at HOST` is the task that a host performs: it performs one at a time, so whoever asks for another has left it.
local what, host, attempt, task = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[5]
local function get(field) return redis.call('HGET', KEYS[2], field) end
local function set(field, value) redis.call('HSET', KEYS[2], field, value) end
local function drop(field) redis.call('HDEL', KEYS[2], field) end
local function read(field) return cjson.decode(get(field) or '{}') end
local function write(field, value)
  if next(value) == nil then drop(field) else set(field, cjson.encode(value)) end
end
local function row(name)
  local raw = redis.call('HGET', KEYS[1], name)
  if not raw then return 'failed', 0, -1, '-' end
  return parse(raw)
end
local _, _, here = row(host)
local function ended(name)
  local state, _, batch = row(name)
  return FINAL[state] or state == 'undoing' or batch ~= here, BAD[state] or state == 'undoing' or state == 'cancelled'
end
-- Takes the host out of those that perform a task, unless a later attempt of it does.
local function leave(name)
  local by = read(name .. ' by')
  if not by[host] or by[host][1] > attempt then return false end
  by[host] = nil
  write(name .. ' by', by)
  drop('at ' .. host)
  return true
end
-- Remembers who has come, as long as that is no more than all hosts of any plan come to.
local function come(order, name)
  if redis.call('HLEN', KEYS[2]) < 500000 then set(order .. ' come ' .. name, '1') end
end
local function fails(name, of)
  local bad = read(name .. ' bad')
  bad[of] = true
  write(name .. ' bad', bad)
end
redis.call('EXPIRE', KEYS[2], ARGV[4])
local at = get('at ' .. host)
if at and at ~= task then leave(at) end
if what == 'leave' then return {'ok'} end
if what == 'pass' then
  come(ARGV[6], host)
  redis.call('EXPIRE', KEYS[2], ARGV[4])
  return {'ok'}
end
if what == 'done' then
  if leave(task) and ARGV[6] == '1' then fails(task, host) end
  redis.call('EXPIRE', KEYS[2], ARGV[4])
  return {'ok'}
end
local most, tolerated, patience, order = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8]), ARGV[10]
local by, now, taken = read(task .. ' by'), clock(), 0
for name, since in pairs(by) do
  local over, badly = ended(name)
  local _, _, _, owner = row(name)
  if over then
    by[name] = nil
    drop('at ' .. name)
    if badly and tolerated >= 0 and name ~= host then fails(task, name) end
  else
    if owner ~= '-' then since[2] = 0 elseif since[2] == 0 then since[2] = now end
    if name ~= host and (since[2] == 0 or now - since[2] <= patience) then taken = taken + 1 end
  end
end
write(task .. ' by', by)
if tolerated >= 0 then
  local failed = {}
  for name in pairs(read(task .. ' bad')) do failed[#failed + 1] = name end
  if #failed > tolerated then
    leave(task)
    table.sort(failed)
    return {'stop', unpack(failed, 1, 5)}
  end
end
if taken >= most then return {'wait'} end
if order ~= '' and not get(order .. ' come ' .. host) then
  local settled, i = true, 11 + tonumber(get(order .. ' next') or '0')
  while i <= #ARGV and ARGV[i] ~= host do
    local name = ARGV[i]
    local known = get(order .. ' come ' .. name) or ended(name)
    local _, _, _, owner = row(name)
    if not known then
      if owner ~= '-' or ARGV[9] ~= '1' then
        redis.call('EXPIRE', KEYS[2], ARGV[4])
        return {'wait'}
      end
      settled = false
    end
    i = i + 1
    if settled then set(order .. ' next', i - 11) end
  end
  come(order, host)
end
by[host] = {attempt, 0}
write(task .. ' by', by)
set('at ' .. host, task)
redis.call('EXPIRE', KEYS[2], ARGV[4])
return {'go'}
