-- What residents answer to a footage request: clips, kept until a batch takes them to the agency's board (footage_stage.lua has
-- the keys).

-- A clip: stored; on its way to the board; there; withdrawn; and off the board; and the agency told.
local STORED, LEAVING, GIVEN, WITHDRAWN, OFF, TOLD = 's', 'l', 'g', 'w', 'o', 't'
local CLIP = '>c1I8I8Bc0'
local CLIPS_A_HOUSEHOLD = 32 -- of one request
-- A request may go back 45 days. So long, and a day, its households are known, for another request about the same hours.
local KNOWN_MS = 46 * 86400000
local GIVE_MOST = 8 -- in one step

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

register('nb_footage_answer', answer)
register('nb_footage_forget', function(keys, args)
    return forgetting.clips(sub(keys[1], 1, 9), args[1], args[2], tonumber(args[3]))
end)
register('nb_footage_take_due', take_due)
register('nb_footage_done', done)
