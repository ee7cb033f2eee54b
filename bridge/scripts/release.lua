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

-- Whether the first member, if any, is due: its window is no longer open. A window further ahead is a clock gone wrong, and
-- must not hold up the others.
local function is_due(member, window)
    local its = unpack('>I8', member)
    return its < window or its > window + 2
end

-- Takes at most `most` events (one member more) of a region that are due. Returns how many it took, and the counts.
local function release_region(prefix, window, terms, most)
    local key = prefix .. 'pend'
    local members = call('LRANGE', key, 0, RELEASE_MEMBERS - 1)
    local taken, events, unshared, below, merged = 0, 0, 0, 0, 0
    local leaving, version = {}, prefix .. 'sharing'
    begin_known()
    local sharing = sharing_known(version, call('GET', version), tonumber(terms.cutoff))
    while taken < #members and events < most do
        local member = members[taken + 1]
        local _, version, kinds, household, leaf, channel, at = unpack('>I8I8HBc0Bc0Bc0', member)
        if not is_due(member, window) then
            break
        end
        taken = taken + 1
        local records = sub(member, at)
        local shared = shared_records(records, kinds, shared_kinds(sharing, prefix, household, version))
        events = events + #records / WAITING_RECORD
        unshared = unshared + (#records - #shared) / WAITING_RECORD
        if shared == '' then
            -- nothing to publish, and nothing to look up
        elseif enough_sharers(sharing, prefix, leaf, terms) then
            local items = leaving[channel] or {}
            leaving[channel] = items
            merged = merged + publish_records(items, shared, prefix, household, terms)
        else
            below = below + #shared / WAITING_RECORD
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

-- What is said of a region, for bridge/store_release.c: nothing waits there; it waits for its window; more of it is due.
-- Or, above 0, for how many ms somebody else has the lease.
local EMPTY, OPEN, MORE = 0, -1, -2

-- Releases what is due of a region as long as there is room. The lease is not taken where nothing is due, so an idle look
-- writes nothing. Returns what is said of the region and how many events it took; counts what it did.
local function release_due(key, holder, lease_ms, window, terms, room, counts)
    local prefix, took = prefix_of(key), 0
    local first = call('LINDEX', key, 0)
    if not first or not is_due(first, window) then
        return first and OPEN or EMPTY, 0
    end
    local mine, ms = lease(prefix, 'release', holder, lease_ms)
    if not mine then
        return ms, 0
    end
    repeat
        local events, unshared, below, merged = release_region(prefix, window, terms, room - took)
        took = took + events
        counts[2] = counts[2] + events - unshared - below - merged
        counts[3], counts[4], counts[5] = counts[3] + unshared, counts[4] + below, counts[5] + merged
    until events == 0 or took >= room
    return took >= room and MORE or OPEN, took
end

-- Keys: nb:{rXX}:pend of each region to look at. Arguments: holder, how long a lease is (ms), window that is still open, seed,
-- then the terms: k, how many begin it, verified before, cooldown in seconds, its epoch, how long an epoch is kept in seconds.
-- Answers how many regions it came to; events released, not shared, below k, one with another; then what is said of each
-- region that it came to.
local function release(keys, args)
    local lease_ms, window, room, counts = tonumber(args[2]), tonumber(args[3]), RELEASE_EVENTS, { 0, 0, 0, 0, 0 }
    math.randomseed(tonumber(args[4]))
    local terms = cooldown_terms({ k = tonumber(args[5]), begin = tonumber(args[6]), cutoff = args[7] }, tonumber(args[8]),
        tonumber(args[9]), args[10])
    for i, key in ipairs(keys) do
        if room <= 0 then
            break
        end
        local said, took = release_due(key, args[1], lease_ms, window, terms, room, counts)
        room = room - took
        counts[1], counts[5 + i] = i, said
    end
    return counts
end

register('nb_release', release)
