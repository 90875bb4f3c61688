#!lua flags=allow-oom
-- home.lua: say who serves a queue: which databases hold the rows of its durable jobs, and which app runs its tasks.
--   KEYS[1] ac:{q}:home
--   ARGV[1] '1' an operator says so: what others have said is forgotten   ARGV[2] app, '' for one that runs no tasks
--   ARGV[3] its tasks, '|a|b|'   ARGV[4...] of each database: alias, token, where it is, for people
--   returns what does not go together with what is known, three words each: 'database', alias, where that one is;
--   'task', other app, the first task that both declare; 'app', other app, ''.  After one of the first two nothing is kept
local home, app, tasks = KEYS[1], ARGV[2], ARGV[3]
if ARGV[1] == '1' then redis.call('DEL', home) end

local known, findings, refused = redis.call('HGETALL', home), {}, false
local values = {}
for i = 1, #known, 2 do values[known[i]] = known[i + 1] end
for i = 4, #ARGV, 3 do
  local value = values['database:' .. ARGV[i]]
  if value and string.sub(value, 1, #ARGV[i + 1] + 1) ~= ARGV[i + 1] .. ' ' then
    for _, word in ipairs({'database', ARGV[i], string.match(value, ' (.*)') or value}) do findings[#findings + 1] = word end
    refused = true
  end
end
for i = 1, #known, 2 do
  local other = string.match(known[i], '^app:(.*)')
  if other and app ~= '' and other ~= app then
    local finding = {'app', other, ''}
    for task in string.gmatch(known[i + 1], '[^|]+') do
      if string.find(tasks, '|' .. task .. '|', 1, true) then
        finding, refused = {'task', other, task}, true
        break
      end
    end
    for _, word in ipairs(finding) do findings[#findings + 1] = word end
  end
end
if refused then return findings end

for i = 4, #ARGV, 3 do
  local field, value = 'database:' .. ARGV[i], ARGV[i + 1] .. ' ' .. ARGV[i + 2]
  if values[field] ~= value then redis.call('HSET', home, field, value) end
end
if app ~= '' and values['app:' .. app] ~= tasks then redis.call('HSET', home, 'app:' .. app, tasks) end
return findings
