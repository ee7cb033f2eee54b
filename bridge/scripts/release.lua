-- Release: pending activity whose window is over leaves shuffled, if sharing and k allow it now.
-- An element of the pending list, which is in the order of windows: the window, the version of what the household shares, the
-- mask of kinds, household, the leaf cell's digest, channel, records as they wait.

local ENTRY_EVENTS = 64     -- in one entry of a channel
local RELEASE_EVENTS = 256  -- in one call, one member more: about 200 microseconds
local RELEASE_MEMBERS = 128

-- In random order, which tells neither who sent an item nor when.
local function shuffled(items)
    for i = #items, 2, -1 do
        local j = math.random(i)
        items[i], items[j] = items[j], items[i]
    end
    return concat(items)
end

-- Takes at most `most` events (one member more) of a region's tag that are due. Returns how many it took, and
-- the counts.
local function release_region(prefix, window, terms, most, sharing)
    local key = prefix .. 'pend'
    local members = call('LRANGE', key, 0, RELEASE_MEMBERS - 1)
    local taken, events, unshared, below, merged = 0, 0, 0, 0, 0
    local leaving = {}
    while taken < #members and events < most do
        local member = members[taken + 1]
        local its, version, kinds, household, leaf, channel, at = unpack('>I8I8HBc0Bc0Bc0', member)
        if its >= window and its <= window + 2 then
            break -- still open; a window further ahead is a clock gone wrong, and must not hold up the others
        end
        taken = taken + 1
        local records = sub(member, at)
        local shared = shared_records(records, kinds, shared_kinds(sharing, prefix, household, version))
        events = events + #records / WAITING
        unshared = unshared + (#records - #shared) / WAITING
        if shared == '' then
            -- nothing to publish, and nothing to look up
        elseif enough_sharers(sharing, prefix, leaf, terms) then
            local items = leaving[channel] or {}
            leaving[channel] = items
            merged = merged + publish_records(items, shared, prefix, household, terms)
        else
            below = below + #shared / WAITING
        end
    end
    if taken > 0 then
        call('LTRIM', key, taken, -1)
    end
    for channel, items in pairs(leaving) do
        local records = shuffled(items)
        for from = 1, #records, ENTRY_EVENTS * 8 do
            append(prefix .. 'ch:' .. channel, 'a',
                sub(records, from, from + ENTRY_EVENTS * 8 - 1))
        end
    end
    return events, unshared, below, merged
end

-- Holder, window that is still open, seed, tag to begin at, then the terms: k, how many begin it, verified before, cooldown in
-- seconds, its epoch, how long an epoch is kept in seconds. Answers: tag to go on at (256: all tags were seen, -1: somebody
-- else has the lease), events released, not shared, below k, one with another.
local function release(_, args)
    local holder, window = args[1], tonumber(args[2])
    if not lease('nb:', 'release', holder, 3000) then
        return { -1, 0, 0, 0, 0 }
    end
    math.randomseed(tonumber(args[3]))
    local tag, room = tonumber(args[4]), RELEASE_EVENTS
    local terms = { k = tonumber(args[5]), begin = tonumber(args[6]), cutoff = args[7], cooldown = tonumber(args[8]),
        epoch = tonumber(args[9]), keep = args[10] }
    local released, unshared, below, merged, sharing = 0, 0, 0, 0, sharing_known(tonumber(terms.cutoff))
    while tag < 256 and room > 0 do
        local events, kept, few, one = release_region(REGION[tag], window, terms, room, sharing)
        unshared, below, merged = unshared + kept, below + few, merged + one
        released = released + events - kept - few - one
        room = room - events
        if room > 0 and events == 0 then
            tag = tag + 1
        end
    end
    return { tag, released, unshared, below, merged }
end

register('nb_release', release)
