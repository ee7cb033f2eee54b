-- Channels: their state in one step, pages of them, and what appends alerts to them.

-- An alert in a channel's index: revision, 1 when in force here, the sender's tag, until when it is of use.
local INDEXED = '>I4BBI8'

local function last_id(key)
    if call('EXISTS', key) == 0 then
        return '0-0'
    end
    local info = call('XINFO', 'STREAM', key)
    for i = 1, #info, 2 do
        if info[i] == 'last-generated-id' then
            return info[i + 1]
        end
    end
end

local function id_before(a, b)
    local a_ms, a_seq = string.match(a, '(%d+)-(%d+)')
    local b_ms, b_seq = string.match(b, '(%d+)-(%d+)')
    a_ms, b_ms = tonumber(a_ms), tonumber(b_ms)
    return a_ms < b_ms or (a_ms == b_ms and tonumber(a_seq) < tonumber(b_seq))
end

-- Forgets the alerts that nobody can need any more; returns notices of those in force, packed one after the
-- other.
local function notices(key, now)
    local found, old = {}, {}
    local all = call('HGETALL', key)
    for i = 1, #all, 2 do
        local revision, in_force, tag, until_ms = unpack(INDEXED, all[i + 1])
        if until_ms < now then
            old[#old + 1] = all[i]
        elseif in_force == 1 then
            found[#found + 1] = all[i] .. pack('>I4BB', revision, tag, 1)
        end
    end
    for i = 1, #old do
        call('HDEL', key, old[i])
    end
    return concat(found)
end

local function low_and_generation(key)
    local known = call('HMGET', key, 'low', 'generation')
    return known[1] or '0-0', tonumber(known[2] or 1)
end

-- Keys: channel, low-water mark, index of alerts (an inbox has none). Arguments: now, the last entry that the
-- caller has seen of it ('' when none). Entries that were there and are not (an older backup came back) raise
-- the generation.
local function open(keys, args)
    local head = last_id(keys[1])
    if args[2] ~= '' and keys[3] and id_before(head, args[2]) then
        call('HSET', keys[2], 'generation', select(2, low_and_generation(keys[2])) + 1)
    end
    local low, generation = low_and_generation(keys[2])
    return { head, low, generation, keys[3] and notices(keys[3], tonumber(args[1])) or '' }
end

-- Keys: channel, low-water mark. Arguments: first id ('(' before it leaves it out), how many.
local function read(keys, args)
    local low, generation = low_and_generation(keys[2])
    return { low, generation, call('XRANGE', keys[1], args[1], '+', 'COUNT', args[2]) }
end

-- One alert's revisions into channels. Keys: the channels. Argument, packed by bridge/store_carry.c: public id, sender's tag, the
-- first revision, how many, until; then for each channel a '1' or '0' a revision: in force here. A channel takes only what is
-- newer than what it has. Answers how many entries it appended.
local function append_alert(keys, args)
    local blob, appended = args[1], 0
    local id, tag, first, count, until_ms, at = unpack('>c12BI4BI8', blob)
    for _, key in ipairs(keys) do
        local prefix, name = string.match(key, '^(nb:{[^}]*}:)ch:(.+)$')
        local index, flags = prefix .. 'al:' .. name, at
        at = at + count
        local known = call('HGET', index, id)
        local highest = known and unpack('>I4', known) or 0
        local told = known
        for i = 1, count do
            local in_force = byte(blob, flags + i - 1) == 49
            -- Whoever never saw it here need not hear that it ended here.
            told = told or in_force
            if first + i - 1 > highest and told then
                append(key, 'x', id .. pack('>I4BB', first + i - 1, tag, in_force and 1 or 0))
                appended = appended + 1
            end
        end
        if first + count - 1 > highest then
            call('HSET', index, id,
                pack(INDEXED, first + count - 1, byte(blob, flags + count - 1) == 49 and 1 or 0, tag, until_ms))
        end
    end
    return appended
end

register('nb_open', open)
register('nb_read', read, { 'no-writes' })
register('nb_append', append_alert)
