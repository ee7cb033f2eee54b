-- Forgetting what came in a region (forget.lua): logs, what waits for publication, and of who goes also repeat state, packets
-- and cooldowns. Survivors of a log are written to a new key, which then takes the old one's name: deleting entries of a stream
-- frees nothing and leaves them on disk. How far a region is stands in nb:{rXX}:forget:<n>:<asked>: at (the last entry of the
-- log that was looked at), events (that are gone), pend (how many elements of the pending list are still to be looked at, once
-- the log is done), bucket (of repeat state that is next; BUCKETS: all is done).

local STEP_ENTRIES, STEP_FIELDS = 500, 4000 -- of logs and pending lists, and of repeat state, in one call
local BUCKETS = 256
local KEPT_S = 604800
local NOBODY = '\0\0\0\0\0\0\0\0\0\0\0\0\0' -- behind an element's window: no version, kinds, household, leaf, channel, records

local function split(text)
    local set = {}
    for word in string.gmatch(text or '', '%S+') do
        set[word] = true
    end
    return set
end

-- What stays of an entry of a log: the records of other devices and times. Returns it, and how many go.
local function survivors(log, w)
    local kept, gone, at = {}, 0, 1
    while at <= #log do
        local stop = at + byte(log, at)
        local number = byte(log, at + 3) + 256 * byte(log, at + 4)
        local ms = unpack('<I6', log, at + 7)
        if (w.all or w.numbers[tostring(number)]) and ms >= w.from and ms <= w.to then
            gone = gone + 1
        else
            kept[#kept + 1] = sub(log, at, stop)
        end
        at = stop + 1
    end
    return concat(kept), gone
end

-- Goes through one log from the entry behind `at`. Returns where it stands ('': it is done), how many events went, and the room
-- that is left.
local function forget_log(key, at, w, room)
    local new, gone = key .. ':new', 0
    if at == '' then
        call('DEL', new)
    end
    local entries = call('XRANGE', key, at == '' and '-' or '(' .. at, '+', 'COUNT', room)
    for _, entry in ipairs(entries) do
        local kept, out = survivors(entry[2][2], w)
        gone = gone + out
        if kept ~= '' then
            call('XADD', new, entry[1], 'e', kept)
        end
        at = entry[1]
    end
    if #entries == room then
        return at, gone, 0
    end
    call('DEL', key)
    if call('EXISTS', new) == 1 then
        call('RENAME', new, key)
    end
    return '', gone, room - #entries
end

-- What stays of an element of the pending list, without what goes; nil: nothing goes.
local function left_waiting(member, w)
    local _, _, _, household, _, _, at = unpack('>I8I8HBc0Bc0Bc0', member)
    local records, touched = {}, false
    for from = household == w.household and at or #member + 1, #member, WAITING_RECORD do
        local number, seconds = unpack('>HI4', member, from + RECORD)
        if (w.all or w.numbers[tostring(number)]) and seconds * 1000 >= w.from - 999 and seconds * 1000 <= w.to then
            touched = true
        else
            records[#records + 1] = sub(member, from, from + WAITING_RECORD - 1)
        end
    end
    if not touched then
        return nil
    end
    return records[1] and sub(member, 1, at - 1) .. concat(records) or sub(member, 1, 8) .. NOBODY
end

-- Takes what waits for publication, so many elements below the place `at`. Meanwhile elements leave in front and come behind: so
-- it goes from the end to the front, and none is left out. An element of which nothing stays keeps its place, in nobody's name.
-- Returns where it stands (0: it is done), and the room that is left.
local function forget_pending(prefix, at, w, room)
    local key = prefix .. 'pend'
    local stop = math.min(at, call('LLEN', key))
    local first = math.max(stop - room, 0)
    local members = stop > first and call('LRANGE', key, first, stop - 1) or {}
    for i, member in ipairs(members) do
        local left = left_waiting(member, w)
        if left then
            call('LSET', key, first + i - 1, left)
        end
    end
    return first, room - #members
end

local function forget_cooldowns(prefix, w)
    local beginning = w.household .. '/'
    for epoch = w.epoch - 2, w.epoch + 1 do
        local key = prefix .. 'cool:' .. epoch
        for _, field in ipairs(call('HKEYS', key)) do
            if sub(field, 1, #beginning) == beginning then
                call('HDEL', key, field)
            end
        end
    end
end

-- Repeat state, from this bucket on. Returns the bucket to go on with, BUCKETS when all are done, and the room that is left.
local function forget_repeats(prefix, bucket, w, room)
    while bucket < BUCKETS and room > 0 do
        for _, part in ipairs({ 'seq:', 'once:' }) do
            local key = prefix .. part .. string.format('%02x', bucket)
            for _, field in ipairs(call('HKEYS', key)) do
                room = room - 1
                if w.members[string.match(field, '^([^%z]+)%z') or ''] then
                    call('HDEL', key, field)
                end
            end
        end
        bucket = bucket + 1
    end
    return bucket, room
end

-- What else there is of who goes. Returns the bucket to go on with.
local function forget_state(prefix, bucket, w, room)
    if bucket == 0 then
        forget_cooldowns(prefix, w)
        for _, session in ipairs(w.sessions) do
            call('DEL', prefix .. 'q2:' .. session)
        end
    end
    bucket, room.fields = forget_repeats(prefix, bucket, w, room.fields)
    return bucket
end

-- One region, as far as there is room. Returns whether it is done, and how many events are gone in all.
local function forget_region(key, w, room)
    local prefix = prefix_of(key)
    local state = prefix .. 'forget:' .. w.ticket
    local known = call('HMGET', state, 'at', 'events', 'bucket', 'pend')
    local at, events, bucket, gone = known[1] or '', tonumber(known[2] or 0), tonumber(known[3] or 0), 0
    local pend = tonumber(known[4] or math.huge)
    if bucket == BUCKETS or room.entries <= 0 or room.fields <= 0 then
        return bucket == BUCKETS, events
    end
    if bucket == 0 and not known[4] and call('EXISTS', key) == 1 then
        at, gone, room.entries = forget_log(key, at, w, room.entries)
        events = events + gone
    end
    if at == '' then
        pend, room.entries = forget_pending(prefix, pend, w, room.entries)
    end
    if pend == 0 then
        bucket = w.account and forget_state(prefix, bucket, w, room) or BUCKETS
    end
    if events > 0 or bucket ~= BUCKETS then
        call('HSET', state, 'at', at, 'events', events, 'bucket', bucket)
        if at == '' then
            call('HSET', state, 'pend', pend)
        end
        call('EXPIRE', state, KEPT_S)
    elseif known[3] then
        call('DEL', state)
    end
    return bucket == BUCKETS, events
end

-- Keys: the household's logs, each in another region. Arguments: "<n>:<asked>", household, 1 when all its devices are meant,
-- their numbers, from, to, account, the epoch of cooldowns, how many members, those, then sessions
-- ("<role>/<id>/<client>"). Answers for each key 1 when it is done, and how many events are gone.
local function regions(keys, args)
    local w = { ticket = args[1], household = args[2], all = args[3] == '1', numbers = split(args[4]), from = tonumber(args[5]),
        to = tonumber(args[6]), account = args[7] == '1', epoch = tonumber(args[8]), members = {} }
    local last = 9 + tonumber(args[9])
    for i = 10, last do
        w.members[args[i]] = true
    end
    w.sessions = { select(last + 1, spread(args)) }
    local room, answer = { entries = STEP_ENTRIES, fields = STEP_FIELDS }, {}
    for _, key in ipairs(keys) do
        local done, events = forget_region(key, w, room)
        put(answer, done and 1 or 0, events)
    end
    return answer
end

register('nb_forget_regions', regions)
