-- Release: pending activity whose window is over leaves shuffled, if sharing and k allow it now.
-- An element of the pending list, which is in the order of windows: the window, the mask of kinds, household, the leaf
-- cell's digest, channel, activity records.

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
local function release_region(prefix, window, k, cutoff, most, sharing)
    local key = prefix .. 'pend'
    local members = call('LRANGE', key, 0, RELEASE_MEMBERS - 1)
    local taken, events, released, unshared, below = 0, 0, 0, 0, 0
    local leaving = {}
    while taken < #members and events < most do
        local member = members[taken + 1]
        local its, kinds, household, leaf, channel, at = unpack('>I8HBc0Bc0Bc0', member)
        if its >= window and its <= window + 2 then
            break -- still open; a window further ahead is a clock gone wrong, and must not hold up the others
        end
        taken = taken + 1
        local records = sub(member, at)
        local shared = shared_records(records, kinds, shared_kinds(sharing, prefix, household))
        events = events + #records / 8
        unshared = unshared + (#records - #shared) / 8
        if enough_sharers(sharing, prefix, leaf, k, cutoff) then
            local items = leaving[channel] or {}
            leaving[channel] = items
            for from = 1, #shared, 8 do
                items[#items + 1] = sub(shared, from, from + 7)
            end
            released = released + #shared / 8
        else
            below = below + #shared / 8
        end
    end
    if taken > 0 then
        call('LTRIM', key, taken, -1)
    end
    for channel, items in pairs(leaving) do
        local records = shuffled(items)
        for from = 1, #records, ENTRY_EVENTS * 8 do
            append(prefix .. 'ch:' .. channel, 'nb:feed:c:' .. channel, 'a',
                sub(records, from, from + ENTRY_EVENTS * 8 - 1))
        end
    end
    return events, released, unshared, below
end

-- Holder, window that is still open, k, verified before, seed, tag to begin at. Answers: tag to go on at
-- (256: all tags were seen, -1: somebody else has the lease), events released, not shared, below k.
local function release(_, args)
    local holder, window, k, cutoff = args[1], tonumber(args[2]), tonumber(args[3]), args[4]
    if not lease('release', holder, 3000) then
        return { -1, 0, 0, 0 }
    end
    math.randomseed(tonumber(args[5]))
    local tag, room = tonumber(args[6]), RELEASE_EVENTS
    local released, unshared, below, sharing = 0, 0, 0, sharing_known(tonumber(cutoff))
    while tag < 256 and room > 0 do
        local events, out, kept, few = release_region(REGION[tag], window, k, cutoff, room, sharing)
        released, unshared, below = released + out, unshared + kept, below + few
        room = room - events
        if room > 0 and events == 0 then
            tag = tag + 1
        end
    end
    return { tag, released, unshared, below }
end

register('nb_release', release)
