-- Footage requests: their households are looked for and told, until the request or its case ends (footage_stage.lua has
-- the keys).

local ID = 24
local ASK_MOST = 16 -- in one step

-- ---- requests

-- Key: the request. Arguments: id, digest, agency, client, officer, case, incident, words, body, cells, now, from, to, until,
-- requests a case may have, that may be open, the interval of batches, the agency's name. Answers status, which limit, when
-- to come back.
local function request(keys, args)
    local key, prefix, id, agency, case, now = keys[1], sub(keys[1], 1, 9), args[1], args[3], args[6], tonumber(args[11])
    local known = call('HGET', key, 'digest')
    if known then
        return { known == args[2] and REPEAT or CONFLICT, 0, 0 }
    end
    local cases, own = prefix .. 'cases:' .. agency, prefix .. 'footage_of:' .. agency
    local of_case = call('HGET', cases, 'r' .. case) or ''
    if #of_case / ID >= tonumber(args[15]) then
        return { LIMITED, 1, 0 }
    end
    if call('ZCOUNT', own, '(' .. args[11], '+inf') >= tonumber(args[16]) then
        local first = call('ZRANGEBYSCORE', own, '(' .. args[11], '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
        return { LIMITED, 2, tonumber(first[2]) - now }
    end
    call('HSET', key, 'digest', args[2], 'agency', agency, 'client', args[4], 'officer', args[5], 'case', case, 'incident',
        args[7], 'body', args[9], 'cells', args[10], 'at', args[11], 'from', args[12], 'to', args[13], 'until', args[14],
        'planned', args[14], 'stage', FIND)
    call('HSET', cases, 'r' .. case, of_case .. id)
    call('ZADD', own, args[14], id)
    call('ZADD', prefix .. 'footage_find', args[11], id)
    due_at(prefix, id, next_batch(now, tonumber(args[17])))
    record_act(prefix, { what = 'footage-request', by = agency, officer = args[5], subject = id, at = args[11], case = case,
        text = args[8], digest = args[2], name = args[18] })
    return { OK, 0, 0 }
end

-- ---- looking for households, telling them

-- Whether somebody is left to be told; else the request is at its next stage.
local function go_on_telling(prefix, id, stage, now)
    if call('EXISTS', prefix .. 'ask:' .. id) == 1 then
        call('ZADD', prefix .. 'footage_find', now, id)
        return true
    end
    call('HSET', prefix .. 'footage:' .. id, 'stage', stage == ASK and OPEN or OVER)
    call('ZREM', prefix .. 'footage_find', id)
    return false
end

-- Key: footage_find. Arguments: now, until when whoever takes it has it. Answers nothing, or the request that is due: id,
-- stage, agency, incident, from, to, cells, body, until, planned; households to be told, each with its devices.
local function take_find(keys, args)
    local prefix = sub(keys[1], 1, 9)
    local id = call('ZRANGEBYSCORE', keys[1], '-inf', args[1], 'LIMIT', 0, 1)[1]
    if not id then
        return {}
    end
    local known = call('HMGET', prefix .. 'footage:' .. id, 'stage', 'agency', 'incident', 'from', 'to', 'cells', 'body',
        'until', 'planned')
    if not known[1] or known[1] == OPEN or known[1] == OVER then
        call('ZREM', keys[1], id)
        return {}
    end
    call('ZADD', keys[1], args[2], id)
    local told = known[1] ~= FIND and call('HRANDFIELD', prefix .. 'ask:' .. id, ASK_MOST, 'WITHVALUES') or {}
    for i = 1, #known do
        known[i] = known[i] or ''
    end
    return { id, known, told }
end

-- Key: the request. Arguments: id, 1 when these are the first, then households and their devices. What was found so far of a
-- match that was cut off goes.
local function found(keys, args)
    local prefix, id = sub(keys[1], 1, 9), args[1]
    if call('HGET', keys[1], 'stage') ~= FIND then
        return OK
    end
    if args[2] == '1' then
        call('DEL', prefix .. 'asked:' .. id, prefix .. 'ask:' .. id)
    end
    for i = 3, #args, 2 do
        call('SADD', prefix .. 'asked:' .. id, args[i])
        call('HSET', prefix .. 'ask:' .. id, args[i], args[i + 1])
    end
    return OK
end

local function cells_touch(some, cells)
    for at = 1, #cells, 7 do
        if some[sub(cells, at, at + 6)] then
            return true
        end
    end
    return false
end

-- The earliest request of the agency that overlaps in area and time and whose households differ by fewer than k.
local function alike(prefix, id, mine, k)
    local some, best, best_at, asked = {}, nil, nil, prefix .. 'asked:'
    local count = call('SCARD', asked .. id)
    for at = 1, #mine.cells, 7 do
        some[sub(mine.cells, at, at + 6)] = true
    end
    for _, other in ipairs(call('ZRANGE', prefix .. 'footage_of:' .. mine.agency, 0, -1)) do
        local known = call('HMGET', prefix .. 'footage:' .. other, 'from', 'to', 'at', 'settled', 'cells')
        local theirs = call('SCARD', asked .. other)
        if other ~= id and known[4] and math.abs(theirs - count) < k and tonumber(known[1]) < mine.to
            and mine.from < tonumber(known[2]) and cells_touch(some, known[5])
            and (not best or tonumber(known[3]) < best_at)
            and theirs + count - 2 * call('SINTERCARD', 2, asked .. id, asked .. other) < k then
            best, best_at = other, tonumber(known[3])
        end
    end
    return best
end

-- Whom a request like this asked before is asked again, and nobody else.
local function ask_as(prefix, id, other)
    local asked, ask, theirs = prefix .. 'asked:' .. id, prefix .. 'ask:' .. id, prefix .. 'asked:' .. other
    for _, household in ipairs(call('SDIFF', asked, theirs)) do
        call('HDEL', ask, household)
    end
    for _, household in ipairs(call('SDIFF', theirs, asked)) do
        call('HSET', ask, household, '')
    end
    call('DEL', asked)
    call('COPY', theirs, asked)
end

-- Key: the request. Arguments: id, k, now. All were found. Two requests that are almost the same ask the same, or both
-- nobody, so that nothing is told by what they do not have in common.
local function settle(keys, args)
    local key, prefix, id, k = keys[1], sub(keys[1], 1, 9), args[1], tonumber(args[2])
    local known = call('HMGET', key, 'stage', 'agency', 'from', 'to', 'cells')
    if known[1] ~= FIND then
        return OK
    end
    local nobody = call('SCARD', prefix .. 'asked:' .. id) < k
    local other = alike(prefix, id, { agency = known[2], from = tonumber(known[3]), to = tonumber(known[4]),
        cells = known[5] }, k)
    if other then
        nobody = call('HGET', prefix .. 'footage:' .. other, 'settled') == 'nobody'
        ask_as(prefix, id, other)
    end
    if nobody then
        call('DEL', prefix .. 'ask:' .. id)
    end
    call('HSET', key, 'stage', ASK, 'settled', nobody and 'nobody' or 'asked')
    go_on_telling(prefix, id, ASK, args[3])
    return OK
end

-- Key: nb:{h:…}:asked. Arguments: household, request id, until, agency ('' when it is told of the end), incident, now.
-- Answers the users to be told. Who changed their mind meanwhile is not asked.
local function tell_household(keys, args)
    local home = 'nb:{h:' .. args[1] .. '}:'
    if args[4] == '' then
        call('HDEL', keys[1], args[2])
    elseif not rules_allow(call('HGET', home .. 'settings', 'footage') or '', args[4], tonumber(args[5])) then
        return {}
    else
        local all = call('HGETALL', keys[1])
        for i = 1, #all, 2 do
            if tonumber(all[i + 1]) <= tonumber(args[6]) then
                call('HDEL', keys[1], all[i])
            end
        end
        call('HSET', keys[1], args[2], args[3])
        outlive(keys[1], tonumber(args[3]) - tonumber(args[6]))
    end
    local users = {}
    for _, name in ipairs(call('SMEMBERS', home .. 'members')) do
        if sub(name, 1, 5) == 'user/' then
            users[#users + 1] = name
        end
    end
    return users
end

-- Key: the request. Arguments: id, the stage of which they were told, now, households.
local function told(keys, args)
    local prefix, id = sub(keys[1], 1, 9), args[1]
    if call('HGET', keys[1], 'stage') ~= args[2] then
        return OK
    end
    for i = 4, #args do
        call('HDEL', prefix .. 'ask:' .. id, args[i])
    end
    go_on_telling(prefix, id, args[2], args[3])
    return OK
end

-- ---- the end of a case

local function end_request(prefix, id, now, interval)
    local key, asked, ask = prefix .. 'footage:' .. id, prefix .. 'asked:' .. id, prefix .. 'ask:' .. id
    local known = call('HMGET', key, 'until', 'stage', 'agency')
    if not known[1] or tonumber(known[1]) <= now then
        return false
    end
    call('HSET', key, 'until', now)
    call('ZADD', prefix .. 'footage_of:' .. known[3], now, id)
    due_at(prefix, id, next_batch(now, interval))
    if known[2] == FIND then
        call('DEL', asked, ask)
    else
        local untold = call('HKEYS', ask)
        call('DEL', ask)
        for _, household in ipairs(call('SMEMBERS', asked)) do
            call('HSET', ask, household, '')
        end
        for _, household in ipairs(untold) do
            call('HDEL', ask, household)
        end
    end
    call('HSET', key, 'stage', TELL)
    go_on_telling(prefix, id, TELL, now)
    return true
end

-- Key: the agency's cases. Arguments: agency, officer, case, outcome, remark, now, the interval of batches, the agency's
-- name, then request ids (none: all of the case).
local function resolve(keys, args)
    local prefix, case, now = sub(keys[1], 1, 9), args[3], tonumber(args[6])
    local of_case, ids, ended = call('HGET', keys[1], 'r' .. case) or '', {}, false
    for at = 1, #of_case, ID do
        ids[sub(of_case, at, at + ID - 1)] = #args == 8
    end
    for i = 9, #args do
        if ids[args[i]] == nil then
            return NOT_FOUND
        end
        ids[args[i]] = true
    end
    for id, named in pairs(ids) do
        ended = named and end_request(prefix, id, now, tonumber(args[7])) or ended
    end
    if not ended and call('HGET', keys[1], 'c' .. case) == args[4] then
        return REPEAT
    end
    call('HSET', keys[1], 'c' .. case, args[4])
    record_act(prefix, { what = 'resolved', by = args[1], officer = args[2], at = args[6], case = case, text = args[5],
        name = args[8], reason = args[4] })
    return OK
end

register('nb_footage_request', request)
register('nb_footage_take_find', take_find)
register('nb_footage_found', found)
register('nb_footage_settle', settle)
register('nb_footage_tell', tell_household)
register('nb_footage_told', told)
register('nb_footage_resolve', resolve)
-- Key: under the tag of the lease. Holder. Answers 1, or 0 and for how many ms another has it.
register('nb_footage_lease', function(keys, args)
    local mine, ms = lease(prefix_of(keys[1]), 'footage', args[1], 3000)
    return { mine and 1 or 0, ms or 0 }
end)

-- Keys: footage_find and footage_due of a tag, and of others. Argument: now. Answers which of them have something due, by
-- their places, counted from 0.
register('nb_footage_waiting', function(keys, args)
    local answer = {}
    for i, key in ipairs(keys) do
        if call('ZCOUNT', key, '-inf', args[1]) > 0 then
            answer[#answer + 1] = i - 1
        end
    end
    return answer
end, { 'no-writes' })
