#!lua name=neighbors_migration
-- Brings data of layout 3 to layout 4, for bridge/migration.c: on one Redis, where nobody else is at work. A library of its own,
-- so that to look what is to be done (dry) does not take the functions from a neighborsd of before.
--
-- Layout 3 differs from what neighbors.lua says in this:
--   nb:{qXXX}:seq, :once        repeat state of a 4096th of all senders, wherever their events went
--   nb:{p:…}:q2:<client>        set of the QoS 2 packet ids not yet released
--   nb:{code:…}:code            used: all that follows of it was done in the same step
--   nb:{forget}:work:<n>        step 1 to 4, region, at, numbers, gone (who went), left
--   nb:sharing, nb:lease:…, nb:banned, nb:geocode-schemes, nb:geocodes:<scheme> without a tag
-- Each function does one whole step and may be repeated. Its last argument is 1 when nothing is to be written.

local MARKS_S = 34128000 -- packet.lua
local PLAN, MEMBERS, DISK = 1, 2, 6 -- stages: bridge/store_forget_inside.h
local SEARCH = 3 -- the last step of layout 3: beyond it all is done

-- FNV-1a of 32 bits.
local function hash_of(text)
    local hash = 2166136261
    for i = 1, #text do
        hash = bit.bxor(hash, string.byte(text, i)) % 4294967296
        hash = (hash * 403 + hash % 256 * 16777216) % 4294967296
    end
    return hash
end

local function bucket_of(names)
    local hash = hash_of(names)
    return string.format('%02x', bit.bxor(hash, math.floor(hash / 65536)) % 256)
end

-- The regions where events of a household may be: those with a log of it, and those where its members are. They do not change
-- while this goes on, and each run loads the library anew, so each household is looked up once.
local looked_up = {}

local function look_up(household)
    local list, seen = {}, {}
    local function add(region)
        if not seen[region] then
            seen[region] = true
            list[#list + 1] = region
        end
    end
    for tag = 0, 255 do
        local region = string.format('%02x', tag)
        if redis.call('EXISTS', 'nb:{r' .. region .. '}:log:' .. household) == 1 then
            add(region)
        end
    end
    for _, name in ipairs(redis.call('SMEMBERS', 'nb:{h:' .. household .. '}:members')) do
        local region = redis.call('HGET', 'nb:{p:' .. name .. '}:principal', 'region')
        if region and string.match(region, '^%x%x$') then
            add(region)
        end
    end
    return list
end

local function regions_of(principal)
    local household = redis.call('HGET', 'nb:{p:' .. principal .. '}:principal', 'household')
    if not household or household == '' then
        return {}
    end
    looked_up[household] = looked_up[household] or look_up(household)
    return looked_up[household]
end

-- One sender's state into its regions. False when it has none.
local function copy_state(key, field, names, dry)
    local part, state = string.match(key, '}:(%a+)$'), redis.call('HGET', key, field)
    local regions = state and regions_of(string.match(names, '^[^%z]*')) or {}
    for _, region in ipairs(regions) do
        if not dry then
            redis.call('HSET', 'nb:{r' .. region .. '}:' .. part .. ':' .. bucket_of(names), field, state)
        end
    end
    return regions[1] ~= nil
end

-- Key: nb:{qXXX}:seq or :once. Answers how many senders were copied, and how many have no place where anything of theirs is.
-- Those whose field is a digest of their name stay for nb_migrate_named.
local function repeats(keys, args)
    local key, dry, copied, nowhere = keys[1], args[1] == '1', 0, 0
    for _, field in ipairs(redis.call('HKEYS', key)) do
        if string.byte(field) ~= 255 then
            if copy_state(key, field, field, dry) then
                copied = copied + 1
            else
                nowhere = nowhere + 1
            end
            if not dry then
                redis.call('HDEL', key, field)
            end
        end
    end
    return { copied, nowhere }
end

-- Key: nb:{qXXX}:seq or :once. Arguments: field, a digest; sender, NUL, instance. Answers 1 when it was there.
local function named(keys, args)
    local key, field, names, dry = keys[1], args[1], args[2], args[3] == '1'
    if redis.call('HEXISTS', key, field) == 0 then
        return 0
    end
    copy_state(key, field, names, dry)
    if not dry then
        redis.call('HDEL', key, field)
    end
    return 1
end

-- Key: nb:{p:…}:q2:<client>. It is not known in which region each packet is, so it is marked in all of its sender's. Answers how
-- many packets that are.
local function packets(keys, args)
    local key, dry = keys[1], args[1] == '1'
    if redis.call('TYPE', key).ok ~= 'set' then
        return 0
    end
    local principal, client = string.match(key, '^nb:{p:(.-)}:q2:(.*)$')
    local ids, regions = redis.call('SMEMBERS', key), regions_of(principal)
    if dry then
        return #ids
    end
    local generation = redis.call('HGET', 'nb:{p:' .. principal .. '}:s:' .. client, 'gen')
    local left = redis.call('PTTL', key)
    redis.call('DEL', key)
    if not generation or not regions[1] then
        return 0 -- the session ended, or nothing can have been stored
    end
    for _, id in ipairs(ids) do
        redis.call('HSET', key, id, table.concat(regions))
        for _, region in ipairs(regions) do
            local mark = 'nb:{r' .. region .. '}:q2:' .. principal .. '/' .. client
            redis.call('HSET', mark, 'gen', generation, 'born', '0', id, '')
            redis.call('EXPIRE', mark, MARKS_S)
        end
    end
    if left > 0 then
        redis.call('PEXPIRE', key, left)
    end
    return #ids
end

-- Key: a code. One that was used is one of which all is done. Answers 1 when it was such.
local function code(keys, args)
    local known = redis.call('HMGET', keys[1], 'used', 'done')
    if not known[1] or known[2] then
        return 0
    end
    if args[1] ~= '1' then
        redis.call('HSET', keys[1], 'done', 1)
    end
    return 1
end

local function has_word(words, wanted)
    return string.find(' ' .. words, ' ' .. wanted .. ' ', 1, true) ~= nil
end

-- Key: nb:{forget}:work:<n>. It goes on where everything that was not done is still to be done; what is gone is counted already,
-- and not found again. Answers 1 when there was something to convert.
local function forget(keys, args)
    local key = keys[1]
    local known = redis.call('HMGET', key, 'step', 'household', 'by', 'account', 'gone', 'numbers')
    if not known[1] then
        return 0
    elseif args[1] == '1' then
        return 1
    end
    local step, members = tonumber(known[1]), string.gsub(known[5] or '', '(%S+) ?', '%1 ')
    if known[4] == '1' and known[3] and not has_word(members, known[3]) then
        members = members .. known[3] .. ' '
    end
    for tag = 0, 255 do -- a log that was half written anew
        redis.call('DEL', string.format('nb:{r%02x}:log:%s:new', tag, known[2] or ''))
    end
    if step > 1 then
        redis.call('HSET', key, 'members', members, 'numbers', (string.gsub(known[6] or '', '(%S+) ?', '%1 ')), 'sessions', '')
    end
    redis.call('HSET', key, 'stage', step == 1 and PLAN or step > SEARCH and DISK or MEMBERS, 'at', 0)
    redis.call('HDEL', key, 'step', 'region', 'left', 'gone')
    return 1
end

-- Keys: what it was called, and what it is called now. Answers 1 when there was something.
local function rename(keys, args)
    if redis.call('EXISTS', keys[1]) == 0 then
        return 0
    elseif args[1] ~= '1' then
        redis.call('RENAME', keys[1], keys[2])
    end
    return 1
end

-- Key: nb:{rXX}:share. What is known of the region is to be looked up anew.
local function region(keys, args)
    if args[1] ~= '1' then
        redis.call('INCR', string.sub(keys[1], 1, 9) .. 'sharing')
    end
    return 1
end

redis.register_function('nb_migrate_repeats', repeats)
redis.register_function('nb_migrate_named', named)
redis.register_function('nb_migrate_packets', packets)
redis.register_function('nb_migrate_code', code)
redis.register_function('nb_migrate_forget', forget)
redis.register_function('nb_migrate_rename', rename)
redis.register_function('nb_migrate_region', region)
