#!lua flags=allow-oom
-- home.lua: say who serves a queue: which databases hold the rows of its durable jobs, and which app runs its tasks.
--   KEYS[1] ac:{q}:home
--   ARGV[1] '1' an operator says so: what others have said is forgotten   ARGV[2] app, '' for one that runs no tasks
--   ARGV[3] its tasks, '|a|b|'   ARGV[4...] of each database: alias, token, where it is, for people, and which of all that
--   have this token, '' if it does not say
--   returns what does not go together with what is known, four words each: 'database', alias, where that one is, '';
--   'copy', alias, where the one is that has the same token, which it is; 'task', other app, the first task that both
--   declare, ''; 'app', other app, '', ''.  After one of the first three nothing is kept
-- An instance has a field of its own: releases that do not know it write `database:<alias>` anew beside these.
local home, app, tasks = KEYS[1], ARGV[2], ARGV[3]
if ARGV[1] == '1' then redis.call('DEL', home) end

local known, findings, refused = redis.call('HGETALL', home), {}, false
local values = {}
for i = 1, #known, 2 do values[known[i]] = known[i + 1] end
local function find(...)
  for _, word in ipairs({...}) do findings[#findings + 1] = word end
end
for i = 4, #ARGV, 4 do
  local alias, token, instance = ARGV[i], ARGV[i + 1], ARGV[i + 3]
  local value, known_instance = values['database:' .. alias], values['instance:' .. alias]
  local where = value and (string.match(value, ' (.*)') or value)
  if value and string.sub(value, 1, #token + 1) ~= token .. ' ' then
    find('database', alias, where, '')
    refused = true
  elseif value and known_instance and instance ~= '' and instance ~= known_instance then
    find('copy', alias, where, known_instance)
    refused = true
  end
end
for i = 1, #known, 2 do
  local other = string.match(known[i], '^app:(.*)')
  if other and app ~= '' and other ~= app then
    local same = ''
    for task in string.gmatch(known[i + 1], '[^|]+') do
      if string.find(tasks, '|' .. task .. '|', 1, true) then
        same, refused = task, true
        break
      end
    end
    find(same == '' and 'app' or 'task', other, same, '')
  end
end
if refused then return findings end

local function keep(field, value)
  if values[field] ~= value then redis.call('HSET', home, field, value) end
end
for i = 4, #ARGV, 4 do
  keep('database:' .. ARGV[i], ARGV[i + 1] .. ' ' .. ARGV[i + 2])
  if ARGV[i + 3] ~= '' then keep('instance:' .. ARGV[i], ARGV[i + 3]) end
end
if app ~= '' then keep('app:' .. app, tasks) end
return findings
