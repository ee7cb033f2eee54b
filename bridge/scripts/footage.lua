-- Footage requests: whom they ask, what was shared, what the agency has of it. All under the tag of the agency:
--   nb:{sXX}:footage:<request id>  hash: agency client officer case incident digest body cells (7 letters each) from to until
--                                  (when it ends), planned (when it was to end), at, stage, settled: asked or nobody
--   nb:{sXX}:asked:<request id>    set of the households that it concerns
--   nb:{sXX}:ask:<request id>      hash, those still to be told of it or of its end: household -> field `devices`, encoded
--   nb:{sXX}:clips:<request id>    hash, clip -> state (CLIP), since when (8 bytes, ms), delete_by (8), household after its
--                                  length
--   nb:{sXX}:sealed:<request id>   hash, clip -> its bytes, until the agency's board has them
--   nb:{sXX}:footage_find, :footage_due  zsets of request ids by when somebody must look for households or tell them, and for
--                                  what is to be given out, taken down or forgotten
--   nb:{sXX}:footage_of:<agency>   zset of its requests by their end
--   nb:{sXX}:cases:<agency>        hash: "r" and a case -> its request ids, one after the other; "c" and a case -> outcome
--   nb:{h:<household>}:asked       hash, request id -> until
-- To decline leaves no trace: it is an answer without clips.

-- A request: its households are looked for; they are told; all were; they are told of its end; nobody is any more.
local FIND, ASK, OPEN, TELL, OVER = 'find', 'ask', 'open', 'tell', 'over'
-- A clip: stored; on its way to the board; there; withdrawn; and off the board; and the agency told.
local STORED, LEAVING, GIVEN, WITHDRAWN, OFF, TOLD = 's', 'l', 'g', 'w', 'o', 't'
local CLIP = '>c1I8I8Bc0'
local CLIPS_A_HOUSEHOLD = 32 -- of one request
local ID = 24
-- A request may go back 45 days. So long, and a day, its households are known, for another request about the same hours.
local KNOWN_MS = 46 * 86400000
local ASK_MOST, GIVE_MOST = 16, 8 -- in one step

local function next_batch(ms, interval)
    return (floor(ms / interval) + 1) * interval
end

local function due_at(prefix, id, ms)
    local key = prefix .. 'footage_due'
    local known = call('ZSCORE', key, id)
    if not known or tonumber(known) > ms then
        call('ZADD', key, string.format('%d', ms), id)
    end
end

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

-- ---- answers

local function read_clip(packed)
    local state, since, delete_by, household = unpack(CLIP, packed)
    return { state = state, since = since, delete_by = delete_by, household = household }
end

local function write_clip(prefix, id, clip, c)
    call('HSET', prefix .. 'clips:' .. id, clip,
        pack(CLIP, c.state, c.since, c.delete_by, #c.household, c.household))
end

local function forget_clip(prefix, id, clip)
    call('HDEL', prefix .. 'clips:' .. id, clip)
    call('HDEL', prefix .. 'sealed:' .. id, clip)
end

local function has_room(prefix, id, household)
    local count = 0
    for _, packed in ipairs(call('HVALS', prefix .. 'clips:' .. id)) do
        count = read_clip(packed).household == household and count + 1 or count
    end
    return count < CLIPS_A_HOUSEHOLD
end

local function share(prefix, id, clip, known, c, sealed)
    if known and known.state ~= STORED or not known and not has_room(prefix, id, c.household) then
        return
    end
    write_clip(prefix, id, clip, c)
    call('HSET', prefix .. 'sealed:' .. id, clip, sealed)
end

local function withdraw_clip(prefix, id, clip, known, now)
    if known and known.state == STORED then
        forget_clip(prefix, id, clip)
    elseif known and (known.state == LEAVING or known.state == GIVEN) then
        known.state, known.since = WITHDRAWN, now
        write_clip(prefix, id, clip, known)
        call('HDEL', prefix .. 'sealed:' .. id, clip)
        due_at(prefix, id, now)
    end
end

-- Key: the request. Arguments: id, household, now, the interval of batches, then for each clip its name, 1 when it is
-- withdrawn, delete_by, its bytes. The answer is the same whatever became of it.
local function answer(keys, args)
    local prefix, id, household, now, interval = sub(keys[1], 1, 9), args[1], args[2], tonumber(args[3]), tonumber(args[4])
    local known = call('HMGET', keys[1], 'until', 'settled')
    if known[2] ~= 'asked' or call('SISMEMBER', prefix .. 'asked:' .. id, household) == 0 then
        return OK
    end
    for i = 5, #args, 4 do
        local clip, delete_by = args[i], tonumber(args[i + 2])
        local packed = call('HGET', prefix .. 'clips:' .. id, clip)
        local before = packed and read_clip(packed)
        if before and before.household ~= household then
            before = nil
        elseif args[i + 1] == '1' then
            withdraw_clip(prefix, id, clip, before, now)
        elseif now < next_batch(tonumber(known[1]), interval) and delete_by > now then
            share(prefix, id, clip, before,
                { state = STORED, since = now, delete_by = delete_by, household = household }, args[i + 3])
            due_at(prefix, id, delete_by)
        end
    end
    return OK
end

function forgetting.clips(prefix, id, household, now)
    local left, all = 0, call('HGETALL', prefix .. 'clips:' .. id)
    for i = 1, #all, 2 do
        local c = read_clip(all[i + 1])
        if c.household == household and (c.state == OFF or c.state == TOLD) then
            c.household = ''
            write_clip(prefix, id, all[i], c)
        elseif c.household == household then
            left = left + (c.state == STORED and 0 or 1)
            withdraw_clip(prefix, id, all[i], c, now)
        end
    end
    call('SREM', prefix .. 'asked:' .. id, household)
    call('HDEL', prefix .. 'ask:' .. id, household)
    return left
end

-- ---- batches

-- What is to be done about a clip: "give", "down" (off the board), "tell" (that it was withdrawn); nil: nothing now. `again`
-- is when there may be something.
local function clip_work(prefix, id, clip, c, now, batch, again)
    local expired = c.delete_by <= now
    if expired and (c.state == STORED or c.state == OFF or c.state == TOLD) then
        forget_clip(prefix, id, clip)
        return nil, again
    elseif c.state == WITHDRAWN or expired then
        return 'down', again
    elseif (c.state == STORED or c.state == LEAVING) and c.since < batch then
        return 'give', again
    elseif c.state == OFF and c.since < batch then
        return 'tell', again
    end
    return nil, math.min(again, c.delete_by)
end

-- What of the request is to be done, in the order of the clips' names; and when to look again.
local function request_work(prefix, id, now, batch)
    local names, all, work, gives, again = {}, {}, {}, 0, math.huge
    local list = call('HGETALL', prefix .. 'clips:' .. id)
    for i = 1, #list, 2 do
        names[#names + 1] = list[i]
        all[list[i]] = read_clip(list[i + 1])
    end
    table.sort(names)
    for _, clip in ipairs(names) do
        local c, what = all[clip], nil
        what, again = clip_work(prefix, id, clip, c, now, batch, again)
        if what == 'give' and gives < GIVE_MOST then
            gives = gives + 1
            if c.state == STORED then
                c.state = LEAVING
                write_clip(prefix, id, clip, c)
            end
            work[#work + 1] = { what, clip, string.format('%d', c.delete_by),
                call('HGET', prefix .. 'sealed:' .. id, clip) or '' }
        elseif what and what ~= 'give' and #work < 64 then
            work[#work + 1] = { what, clip, string.format('%d', c.delete_by), '' }
        end
    end
    return work, again
end

local function forget_request(prefix, id, agency)
    call('DEL', prefix .. 'footage:' .. id, prefix .. 'asked:' .. id, prefix .. 'ask:' .. id, prefix .. 'clips:' .. id,
        prefix .. 'sealed:' .. id)
    call('ZREM', prefix .. 'footage_of:' .. agency, id)
    call('ZREM', prefix .. 'footage_find', id)
    call('ZREM', prefix .. 'footage_due', id)
end

-- Nothing is to be done now: when to look again, or never.
local function rest(prefix, id, known, now, again, interval)
    local key, ends = prefix .. 'footage:' .. id, tonumber(known[3])
    local clips, last = call('EXISTS', prefix .. 'clips:' .. id) == 1, next_batch(ends, interval)
    local gone = math.max(ends, tonumber(known[4]) + KNOWN_MS)
    if now >= last and known[5] ~= OVER and known[5] ~= TELL then
        call('DEL', prefix .. 'ask:' .. id)
        if known[5] == FIND then
            call('DEL', prefix .. 'asked:' .. id)
        end
        call('HSET', key, 'stage', OVER)
    end
    if now >= last then
        call('HDEL', key, 'body')
    end
    if now >= gone and not clips then
        forget_request(prefix, id, known[1])
        return
    end
    again = math.min(again, now >= last and not clips and gone or next_batch(now, interval))
    call('ZADD', prefix .. 'footage_due', string.format('%d', again), id)
end

-- Key: footage_due. Arguments: now, until when whoever takes it has it, the interval of batches. Answers nothing (no request
-- is due), or id, agency, case, the batch's time, and what is to be done, each as what, clip, delete_by, bytes.
local function take_due(keys, args)
    local prefix, now, interval = sub(keys[1], 1, 9), tonumber(args[1]), tonumber(args[3])
    local id = call('ZRANGEBYSCORE', keys[1], '-inf', args[1], 'LIMIT', 0, 1)[1]
    if not id then
        return {}
    end
    local known = call('HMGET', prefix .. 'footage:' .. id, 'agency', 'case', 'until', 'to', 'stage')
    if not known[1] then
        call('ZREM', keys[1], id)
        return { id, '', '', '0', {} }
    end
    local batch = floor(now / interval) * interval
    local work, again = request_work(prefix, id, now, batch)
    if work[1] then
        call('ZADD', keys[1], args[2], id)
    else
        rest(prefix, id, known, now, again, interval)
    end
    return { id, known[1], known[2], string.format('%d', batch), work }
end

-- Key: the request. Arguments: id, now, then what was done and with which clip.
local function done(keys, args)
    local prefix, id, now = sub(keys[1], 1, 9), args[1], tonumber(args[2])
    for i = 3, #args, 2 do
        local what, clip = args[i], args[i + 1]
        local packed = call('HGET', prefix .. 'clips:' .. id, clip)
        local c = packed and read_clip(packed) or {}
        if what == 'give' and c.state == LEAVING then
            c.state = GIVEN
            write_clip(prefix, id, clip, c)
            call('HDEL', prefix .. 'sealed:' .. id, clip)
        elseif what == 'down' and c.state and c.delete_by <= now then
            forget_clip(prefix, id, clip)
        elseif what == 'down' and c.state == WITHDRAWN then
            c.state = OFF
            write_clip(prefix, id, clip, c)
        elseif what == 'tell' and c.state == OFF then
            c.state = TOLD
            write_clip(prefix, id, clip, c)
        end
    end
    call('ZADD', prefix .. 'footage_due', args[2], id)
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
register('nb_footage_answer', answer)
register('nb_footage_forget', function(keys, args)
    return forgetting.clips(sub(keys[1], 1, 9), args[1], args[2], tonumber(args[3]))
end)
register('nb_footage_take_due', take_due)
register('nb_footage_done', done)
register('nb_footage_resolve', resolve)
register('nb_footage_lease', function(_, args)
    return lease('footage', args[1], 3000) and 1 or 0
end)
