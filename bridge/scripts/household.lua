-- Households: their settings, and what is derived of them and of who is enrolled: the indexes of sharing (nb:{rXX}:sharers,
-- :share) and of who may be asked for footage (askable.lua). Whoever changed a household's settings, members, their places or
-- what was enrolled of them settles it then, step after step, each within one tag (bridge/settle.h says in which order):
--   nb:{h:…}:household       hash: settling, the revision of the newest settling; settled, that of the last whole one; tell,
--                            when its devices are still to be told that what they share is another
--   nb:{rXX}:settled:<household>  the newest revision that the region took, for FENCE_MS
--   nb:{uXX}:unsettled       zset: "<note> <household>" by the ms since when it may be unsettled; of 16 tags, {u00} to {u0f}
--
-- Rules of sharing, packed: the device in one byte of length ('': every one that no rule names), the mask of kinds (2),
-- so many hours (1), each from, to (2 and 2: minutes of the day) and weekdays (1).

-- The rules that concern the device, packed as they were.
local function rules_for(rules, device)
    local named, others, at = {}, {}, 1
    while at <= #rules do
        local from, name, _, hours = at, nil, nil, nil
        name, _, hours, at = unpack('>Bc0HB', rules, at)
        at = at + 5 * hours
        if name == device then
            named[#named + 1] = sub(rules, from, at - 1)
        elseif name == '' then
            others[#others + 1] = sub(rules, from, at - 1)
        end
    end
    return concat(named[1] and named or others)
end

-- Key: settings. Argument: a device of the household. Answers the version of what the household shares, 1 when it has
-- rules, those for this device, their time zone: read at once, so that the version is theirs.
local function sharing_of(keys, args)
    local known = call('HMGET', keys[1], 'version', 'sharing', 'zone')
    return { known[1] or '0', known[2] and 1 or 0, known[2] and rules_for(known[2], args[1]) or '', known[3] or '' }
end

local LATE_US, FENCE_MS = 60000000, 600000

local function clock()
    local time = call('TIME')
    return time[1] * 1000000 + time[2]
end

-- "nb:{h:<household>}:" of a key of it.
local function household_prefix(key)
    return sub(key, 1, string.find(key, '}', 1, true) + 1)
end

-- Begins to settle. Answers the revision, rules of sharing and of footage, since when it is verified, members, where it
-- stands in the index of sharing, and in that of whom may be asked. The revision comes from the clock, so that it rises over
-- a household that was dropped, too.
local function settle_begin(keys)
    local prefix = household_prefix(keys[1])
    local revision = math.max(clock(), tonumber(call('HGET', keys[1], 'settling') or 0) + 1)
    revision = string.format('%.0f', revision)
    call('HSET', keys[1], 'settling', revision)
    local rules = call('HMGET', prefix .. 'settings', 'sharing', 'footage')
    return { revision, rules[1], rules[2], call('HGET', keys[1], 'verified'), call('SMEMBERS', prefix .. 'members'),
        call('SMEMBERS', prefix .. 'leaves'), call('SMEMBERS', prefix .. 'askable') }
end

-- The counted list that begins at args[at], added to the set or taken out of it. Answers where it ends.
local function each_counted(command, key, args, at)
    local last = at + tonumber(args[at])
    for i = at + 1, last do
        call(command, key, args[i])
    end
    return last + 1
end

-- It is settled. Its devices are told when something of what they share is another.
local function settle_over(key, revision)
    call('HSET', key, 'settled', revision)
    if call('HDEL', key, 'tell') == 0 then
        return
    end
    for _, name in ipairs(call('SMEMBERS', household_prefix(key) .. 'members')) do
        if sub(name, 1, 7) == 'device/' then
            call('PUBLISH', 'nb:principals', name)
        end
    end
end

-- Key: the household. Arguments: revision, all that is shared in one text, 1 when it stands in no region; where it is to
-- stand, counted, in the index of sharing and in that of whom may be asked. Answers FENCED, or OK and the version of what is
-- shared. The version rises when the text is another, unless it rose with the rules (nb_household_change).
local function settle_write(keys, args)
    if call('HGET', keys[1], 'settling') ~= args[1] then
        return { FENCED }
    end
    local prefix = household_prefix(keys[1])
    local known = call('HMGET', prefix .. 'settings', 'version', 'shared')
    local version, text = tonumber(known[1] or 0), redis.sha1hex(args[2])
    local before = known[2] or (version == 0 and redis.sha1hex(''))
    if before ~= text then
        version = before and version + 1 or version
        call('HSET', prefix .. 'settings', 'version', version, 'shared', text)
        call('HSET', keys[1], 'tell', 1)
    end
    each_counted('SADD', prefix .. 'askable', args, each_counted('SADD', prefix .. 'leaves', args, 4))
    if args[3] == '1' then
        settle_over(keys[1], args[1])
    end
    return { OK, version }
end

-- Key: of the region. Arguments: household, revision, what it shares here ('<mask> <version>', '': nothing), since when it is
-- verified; then counted: digests of the cells where it shares, and where no more; where it may be asked, each with what
-- stands there, and where no more. FENCED when the region had a newer one, or this one comes too late.
local function settle_region(keys, args)
    local prefix, household, verified, changed, at = sub(keys[1], 1, 9), args[1], args[4], 0, 5
    local fence = prefix .. 'settled:' .. household
    if clock() - tonumber(args[2]) > LATE_US or tonumber(call('GET', fence) or 0) > tonumber(args[2]) then
        return FENCED
    end
    call('SET', fence, args[2], 'PX', FENCE_MS)
    local function cells(width, work)
        local last = at + width * tonumber(args[at])
        for i = at + 1, last, width do
            work(args[i], args[i + 1])
        end
        at = last + 1
    end
    local function leave(digest)
        changed = changed + call('ZREM', prefix .. 'sharers:' .. digest, household)
        close_leaf(prefix, digest)
    end
    if args[3] == '' then
        changed = call('HDEL', prefix .. 'share', household)
    elseif call('HGET', prefix .. 'share', household) ~= args[3] then
        changed = 1
        call('HSET', prefix .. 'share', household, args[3])
    end
    cells(1, function(digest)
        -- A household that nobody has verified may share, but does not count for k.
        if verified ~= '' and verified ~= '0' then
            changed = changed + call('ZADD', prefix .. 'sharers:' .. digest, 'CH', verified, household)
        else
            leave(digest)
        end
    end)
    cells(1, leave)
    cells(2, function(digest, devices)
        call('HSET', prefix .. 'askable:' .. digest, household, devices)
    end)
    cells(1, function(digest)
        call('HDEL', prefix .. 'askable:' .. digest, household)
    end)
    if changed > 0 then
        call('INCR', prefix .. 'sharing') -- whoever remembers what the index says looks it up anew
    end
    return OK
end

-- Key: the household. Arguments: revision; where it stands no more, counted, in the one index and in the other.
local function settle_end(keys, args)
    if call('HGET', keys[1], 'settling') ~= args[1] then
        return FENCED
    end
    local prefix = household_prefix(keys[1])
    each_counted('SREM', prefix .. 'askable', args, each_counted('SREM', prefix .. 'leaves', args, 2))
    settle_over(keys[1], args[1])
    return OK
end

-- Key: a principal. Arguments: its name, its household, since when that is verified ('': it is not).
local function member_verified(keys, args)
    local known = call('HMGET', keys[1], 'household', 'verified')
    local verified = args[3] == '' and '0' or args[3]
    if known[1] == args[2] and (known[2] or '0') ~= verified then
        call('HSET', keys[1], 'verified', verified)
        call('PUBLISH', 'nb:principals', args[1])
    end
    return OK
end

-- Key: unsettled. Argument: the entry.
local function note_unsettled(keys, args)
    call('ZADD', keys[1], 'NX', string.format('%.0f', clock() / 1000), args[1])
    return OK
end

-- Key: unsettled. Arguments: holder, for how long (ms), how old (ms), how many. Answers the entries that are that old, none
-- when somebody else sees to them.
local function unsettled(keys, args)
    local old = call('ZRANGEBYSCORE', keys[1], '-inf', string.format('%.0f', clock() / 1000 - args[3]), 'LIMIT', 0, args[4])
    if not old[1] or not lease(sub(keys[1], 1, 9), 'settle', args[1], tonumber(args[2])) then
        return {}
    end
    return old
end

-- Key: unsettled. Arguments: the entry, how old (ms). It was settled, but whoever noted it may still be changing the
-- household: its entry goes when it is that old.
local function settled_for(keys, args)
    if tonumber(call('ZSCORE', keys[1], args[1]) or 0) <= clock() / 1000 - args[2] then
        call('ZREM', keys[1], args[1])
    end
    return OK
end

-- Key: settings. Arguments: pairs of field and value: sharing and zone, retention, footage. With new rules rises the version
-- of what is shared, in the same step; what is being settled by former ones is so no more.
local function change(keys, args)
    for i = 1, #args, 2 do
        call('HSET', keys[1], args[i], args[i + 1])
        if args[i] == 'sharing' then
            call('HINCRBY', keys[1], 'version', 1)
            call('HDEL', keys[1], 'shared')
            call('HSET', household_prefix(keys[1]) .. 'household', 'tell', 1)
        end
    end
    return OK
end

-- Key: the household. Argument: since when it is verified ('': it stays as it is). What it tried is forgiven.
local function verify(keys, args)
    if args[1] ~= '' then
        call('HSET', keys[1], 'verified', args[1])
    end
    call('DEL', household_prefix(keys[1]) .. 'attempts')
    return OK
end

-- Key: the household. Arguments: since when it is verified ('': it stays as it is), who joins ('': nobody), 1 when that one
-- gets a number. Answers since when it is verified, and the number.
local function join(keys, args)
    local number = args[3] == '1' and call('HINCRBY', keys[1], 'next', 1) or 0
    if args[1] ~= '' then
        call('HSET', keys[1], 'verified', args[1])
    end
    if args[2] ~= '' then
        call('SADD', household_prefix(keys[1]) .. 'members', args[2])
    end
    return { call('HGET', keys[1], 'verified') or '', number }
end

register('nb_household_join', join)
register('nb_settle_begin', settle_begin)
register('nb_settle_write', settle_write)
register('nb_settle_region', settle_region)
register('nb_settle_end', settle_end)
register('nb_settled', function(keys)
    return call('HGET', keys[1], 'settled')
end, { 'no-writes' })
register('nb_member_verified', member_verified)
register('nb_unsettled', note_unsettled)
register('nb_unsettled_due', unsettled)
register('nb_unsettled_swept', settled_for)
register('nb_household_change', change)
register('nb_household_verify', verify)
register('nb_sharing', sharing_of, { 'no-writes' })
register('nb_household', function(keys)
    return call('HMGET', keys[1], 'version', 'sharing', 'zone', 'retention', 'footage')
end, { 'no-writes' })
