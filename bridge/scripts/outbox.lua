-- Outboxes: what changed under the senders' tags is taken by workers, carried to the channels, and marked as
-- done. And the end of alerts: by their time, and for good.

local CLAIM_IDLE = 2000

-- Consumer group calls; the group is made when it is missed.
local function grouped(key, ...)
    local answer = redis.pcall(...)
    if answer and answer.err and string.find(answer.err, 'NOGROUP', 1, true) then
        call('XGROUP', 'CREATE', key, 'workers', '0', 'MKSTREAM')
        answer = call(...)
    end
    return answer
end

-- What a worker needs to carry an alert: every channel that it ever reached, with a '1' or '0' for each
-- revision above the one that is done. nil when there is nothing to carry.
local function load_work(prefix, tag, stream, entry, id)
    local key = prefix .. 'alert:' .. id
    local known = call('HMGET', key, 'revision', 'done', 'until', 'union')
    if not known[1] then
        return nil
    end
    local newest, first = tonumber(known[1]), tonumber(known[2] or 0) + 1
    first = math.max(first, newest - KEPT + 1)
    if first > newest then
        return nil
    end
    local covers = {}
    for revision = first, newest do
        local about, cover = call('HMGET', key, 's' .. revision, 'c' .. revision), {}
        if about[1] and byte(about[1]) == IN_FORCE then
            for _, channel in ipairs(words(about[2])) do
                cover[channel] = true
            end
        end
        covers[#covers + 1] = cover
    end
    local work = { stream, entry, id, tag, first, newest, known[3] }
    for _, channel in ipairs(words(known[4])) do
        local flags = {}
        for i = 1, #covers do
            flags[i] = covers[i][channel] and '1' or '0'
        end
        work[#work + 1] = channel
        work[#work + 1] = concat(flags)
    end
    return work
end

local function claim(stream, consumer, most)
    return grouped(stream, 'XAUTOCLAIM', stream, 'workers', consumer, CLAIM_IDLE, '0-0', 'COUNT', most)[2]
end

local function join(entries, more)
    for _, entry in ipairs(more) do
        entries[#entries + 1] = entry
    end
end

-- Takes entries of one stream for this worker: what another left lying, then new ones. Of what is left lying again and again,
-- because a channel's master is away, there is never more than half while there are new ones.
local function take_stream(stream, consumer, most)
    local half = math.ceil(most / 2)
    local entries = claim(stream, consumer, half)
    local full = #entries == half
    if #entries < most then
        local fresh = grouped(stream, 'XREADGROUP', 'GROUP', 'workers', consumer, 'COUNT', most - #entries,
            'STREAMS', stream, '>')
        join(entries, fresh and fresh[1] and fresh[1][2] or {})
    end
    if full and #entries < most then
        join(entries, claim(stream, consumer, most - #entries))
    end
    return entries
end

-- The prefixes under which streams of this name have entries, of these outboxes' tags, beginning with the one at `start`: so
-- that none is always the last.
local function waiting_tags(outboxes, name, start)
    local list = {}
    for i = 0, #outboxes - 1 do
        local prefix = prefix_of(outboxes[(start + i) % #outboxes + 1])
        if call('XLEN', prefix .. name) > 0 then
            put(list, prefix)
        end
    end
    return list
end

-- Takes what it may of one stream. Answers how many that were.
local function take_work(work, prefix, name, consumer, most)
    local tag, stream = tonumber(sub(prefix, 6, 7), 16), prefix .. name
    local entries = most > 0 and take_stream(stream, consumer, most) or {}
    for _, entry in ipairs(entries) do
        local piece = load_work(prefix, tag, stream, entry[1], entry[2][2])
        if piece then
            put(work, piece)
        else
            call('XACK', stream, 'workers', entry[1])
            call('XDEL', stream, entry[1])
        end
    end
    return #entries
end

-- Keys: the outboxes of the tags that are asked. Arguments: consumer, how many entries at most, 1 for corrections alone, the
-- key to begin with. Corrections come first, and each tag has its share. Answers 1 when more of that may wait; how many tags
-- have others that were not asked for; since when the oldest entry waits, 0 when none does; then the pieces of work.
local function take(keys, args)
    local consumer, room, corrections, start = args[1], tonumber(args[2]), args[3] == '1', tonumber(args[4])
    local oldest, work = 0, { 0, 0, 0 }
    for _, name in ipairs({ 'first', 'outbox' }) do
        local tags = waiting_tags(keys, name, start)
        local most = corrections and name == 'outbox' and 0 or room
        for i, prefix in ipairs(tags) do
            local taken = take_work(work, prefix, name, consumer, math.ceil(most / (#tags - i + 1)))
            most, room = most - taken, room - taken
            local waits = call('XRANGE', prefix .. name, '-', '+', 'COUNT', 1)
            local since = waits[1] and tonumber(waits[1][2][4])
            oldest = since and (oldest == 0 or since < oldest) and since or oldest
        end
        if corrections and name == 'outbox' then
            work[2] = #tags
        elseif #tags > 0 and room <= 0 then
            work[1] = 1
        end
    end
    work[3] = oldest
    return work
end

-- Keys: stream, alert. Arguments: entry, revision that all its channels have now, and when it is of concern to push
-- subscriptions (push.lua) its public id, now.
local function done(keys, args)
    local before = call('HMGET', keys[2], 'revision', 'done')
    if before[1] and tonumber(args[2]) > tonumber(before[2] or 0) then
        call('HSET', keys[2], 'done', args[2])
    end
    if args[3] then
        call('ZADD', sub(keys[2], 1, 9) .. 'push_due', args[4], args[3])
    end
    call('XACK', keys[1], 'workers', args[1])
    return call('XDEL', keys[1], args[1])
end

-- Key: the alert. Arguments: a revision, how many more deliveries there were of it.
local function delivered(keys, args)
    local newest = call('HGET', keys[1], 'revision')
    if newest and tonumber(args[1]) > tonumber(newest) - KEPT then
        call('HINCRBY', keys[1], 'd' .. args[1], args[2])
    end
    return OK
end

-- Removes an alert of which nothing is needed; one that is still to be told, or in force, stays a while.
local function remove(prefix, id, now)
    local key = prefix .. 'alert:' .. id
    local known = call('HMGET', key, 'revision', 'done', 'state', 'names', 'sender')
    if known[1] and (tonumber(known[2] or 0) < tonumber(known[1]) or tonumber(known[3]) == IN_FORCE
        or call('EXISTS', prefix .. 'wait:' .. id) == 1) then
        call('ZADD', prefix .. 'tombs', now + 60000, id)
        return
    end
    for _, alias in ipairs(words(known[4])) do
        call('DEL', prefix .. 'alias:' .. alias)
    end
    call('DEL', key, prefix .. 'seen:' .. id, prefix .. 'flags:' .. id, prefix .. 'parts:' .. id, prefix .. 'alias:' .. id)
    call('ZREM', prefix .. 'own:' .. (known[5] or ''), id)
    call('ZREM', prefix .. 'tombs', id)
    call('ZREM', prefix .. 'held', id)
end

-- What is due: an alert, or what is kept back of one ("w" before its id), which then is nothing any more.
local function expire_one(prefix, id, m)
    if byte(id) ~= 119 then
        revise(prefix, id, EXPIRED, m)
        return
    end
    id = sub(id, 2)
    drop_waiting(prefix, id)
    if tonumber(call('HGET', prefix .. 'alert:' .. id, 'state')) == WAITING then
        call('HSET', prefix .. 'alert:' .. id, 'state', EXPIRED)
    end
end

local EXPIRE_MOST = 32 -- a call
local EXPIRY_MS = 2000 -- that a lease lasts
local FIRST_MOST = 64 -- corrections of a tag that may wait for their turn before what is due waits for its own

-- The ids of which this is due, at most so many.
local function due(key, now, most)
    return most > 0 and call('ZRANGEBYSCORE', key, '-inf', now, 'LIMIT', 0, most) or {}
end

-- The earlier of that clock and Redis': what ends by it is over by both, so that a process whose clock is ahead ends nothing early.
local function surely(now)
    local time = call('TIME')
    return math.min(now, time[1] * 1000 + floor(time[2] / 1000))
end

-- Keys: the expiries of the tags that are asked; the first one's tag has the lease. Arguments: holder, now, absence, the key to
-- begin with. Answers how many ended, and 1 when more are due; or -1, and for how many ms somebody else does this.
local function expire(keys, args)
    local mine, wait = lease(prefix_of(keys[1]), 'expiry', args[1], EXPIRY_MS)
    if not mine then
        return { -1, wait }
    end
    local m, start = { now = surely(tonumber(args[2])), absence = tonumber(args[3]) }, tonumber(args[4])
    local ended, room, more = 0, EXPIRE_MOST, 0
    for i = 0, #keys - 1 do
        local key = keys[(start + i) % #keys + 1]
        local prefix = prefix_of(key)
        local list = due(key, m.now, room)
        if #list > 0 and call('XLEN', prefix .. 'first') >= FIRST_MOST then
            list, more = {}, 1
        end
        for _, id in ipairs(list) do
            expire_one(prefix, id, m)
        end
        ended, room = ended + #list, room - #list
        local old = due(prefix .. 'tombs', m.now, room)
        for _, id in ipairs(old) do
            remove(prefix, id, m.now)
        end
        room = room - #old
    end
    return { ended, (more == 1 or room <= 0) and 1 or 0 }
end

register('nb_take', take)
register('nb_done', done)
register('nb_delivered', delivered)
register('nb_expire', expire)
