-- Compare and set of one field of the head; on success sets further fields too.
-- KEYS head events ; ARGV field expected new event maxlen [name value]…
local was = redis.call('HGET', KEYS[1], ARGV[1]) or ''
if was ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
for i = 6, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
note(KEYS[2], ARGV[5], ARGV[4])
return 1
