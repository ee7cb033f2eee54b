-- Motion: groups of events of one sender, each with its repeat check, its one log entry, and what of it may
-- leave.
--
-- Repeat state is kept in each region for what came there. It is 64 bytes: the newest session that was heard of in this
-- region, then the one before, each as session, highest number and 128 bits. Bit n tells whether the number that is n modulo
-- 128, of the 128 below the highest, was stored here; what lies before the first number counts as stored, so the bits of a
-- sender that leaves nothing out are all ones.
--
-- What that promises, whatever else of a session went to other regions (one event always comes to the same one):
-- a number that is less than 128 below the highest of its session, in whichever region that is, is less than 128 below the
-- highest here, so it is known. A sender's current and previous session are always taken: of those heard of here only these
-- two can be the newest. An older one is taken as long as none newer than it, but the newest, was heard of here; then
-- nothing of it can have been stored, or it would be known. Otherwise it is refused, and never called a repeat.

local NO_SESSION = 9007199254740992
local STATE = '>I8I8c16I8I8c16'
local DIGEST, LAST_DIGESTS = 8, 64

-- Looks at the numbers of one group in turn and marks them; fills `verdict`: 'o' too old, 'r' repeated.
-- Returns highest and bits afterwards.
local function mark(highest, bits, numbers, verdict)
    local words = { unpack('>I4I4I4I4', bits) }
    for i = 1, #numbers do
        local number = numbers[i]
        local word, mask = floor(number % 128 / 32) + 1, lshift(1, number % 32)
        if number == 0 then
            -- not numbered: nothing to check
        elseif number > highest then
            if number - highest > 128 then
                words = { 0, 0, 0, 0 }
            else
                for skipped = highest + 1, number - 1 do
                    local at = floor(skipped % 128 / 32) + 1
                    words[at] = band(words[at], bnot(lshift(1, skipped % 32)))
                end
                local at = floor(highest % 128 / 32) + 1
                words[at] = bor(words[at], lshift(1, highest % 32))
            end
            highest = number
        elseif number == highest or (number >= highest - 128 and band(words[word], mask) ~= 0) then
            verdict[i] = 'r'
        elseif number < highest - 128 then
            verdict[i] = 'o'
        else
            words[word] = bor(words[word], mask)
        end
    end
    return highest, pack('>I4I4I4I4', words[1], words[2], words[3], words[4])
end

-- The whole check. Returns nil when everything is new, else the verdicts, or the current session when this
-- one is older than the two that are known.
local function check(key, field, session, first, count, list)
    local state = call('HGET', key, field)
    local current, highest, bits, previous, previous_highest, previous_bits
    if state then
        current, highest, bits, previous, previous_highest, previous_bits = unpack(STATE, state)
        if current == session and first == highest + 1 and not list and bits == ALL_ONES then
            call('HSET', key, field,
                pack(STATE, current, highest + count, bits, previous, previous_highest, previous_bits))
            return nil
        end
    else
        current, highest, bits = session, 0, ALL_ONES
        previous, previous_highest, previous_bits = NO_SESSION, 0, ALL_ONES
    end
    if session > current then
        previous, previous_highest, previous_bits = current, highest, bits
        current, highest, bits = session, 0, ALL_ONES
    elseif session < current and (previous == NO_SESSION or session > previous) then
        previous, previous_highest, previous_bits = session, 0, ALL_ONES -- it begins here only now
    elseif session < current and session ~= previous then
        return nil, current
    end
    local numbers, verdict = {}, {}
    for i = 1, count do
        numbers[i] = list and unpack('>I8', list, i * 8 - 7) or first + i - 1
    end
    if session == current then
        highest, bits = mark(highest, bits, numbers, verdict)
    else
        previous_highest, previous_bits = mark(previous_highest, previous_bits, numbers, verdict)
    end
    call('HSET', key, field, pack(STATE, current, highest, bits, previous, previous_highest, previous_bits))
    return next(verdict) and verdict or nil
end

-- The same for a sender that gives no numbers: what is in the list (8 bytes an event) and was among its last ones is repeated.
local function check_digests(key, field, list)
    local last, verdict = call('HGET', key, field) or '', {}
    local known = {}
    for at = 1, #last, DIGEST do
        known[sub(last, at, at + DIGEST - 1)] = true
    end
    for i = 1, #list / DIGEST do
        local digest = sub(list, i * DIGEST - DIGEST + 1, i * DIGEST)
        if known[digest] then
            verdict[i] = 'r'
        else
            known[digest], last = true, last .. digest
        end
    end
    call('HSET', key, field, sub(last, -LAST_DIGESTS * DIGEST))
    return next(verdict) and verdict or nil
end

-- Verdicts as two masks of 64 bits, too old and repeated; bit n of a mask is event n.
local function masks(verdict)
    local words = { o = { 0, 0 }, r = { 0, 0 } }
    for i, what in pairs(verdict) do
        local half = i <= 32 and 1 or 2
        words[what][half] = bor(words[what][half], lshift(1, (i - 1) % 32))
    end
    return pack('>I4I4I4I4', words.o[2], words.o[1], words.r[2], words.r[1])
end

-- The log's and the activity records of a group without those that the verdict leaves out. `indexes` has the
-- event's place in its section, `published` a '1' for each event that has an activity record, or is nil when
-- all have.
local function without(verdict, indexes, log, records, published)
    local logs, activities, at, record = {}, {}, 1, 1
    for i = 1, #indexes do
        local stop = at + byte(log, at)
        local leaves = records and (not published or byte(published, i) == 49)
        if not verdict[byte(indexes, i) + 1] then
            logs[#logs + 1] = sub(log, at, stop)
            if leaves then
                activities[#activities + 1] = sub(records, record, record + WAITING_RECORD - 1)
            end
        end
        at = stop + 1
        record = leaves and record + WAITING_RECORD or record
    end
    return concat(logs), concat(activities)
end

local function all_repeated(count)
    local verdict = {}
    for i = 1, count do
        verdict[i] = 'r'
    end
    return verdict
end

-- Appends what leaves in this call to its channels: one entry and one message each. Where many channels are
-- touched, Redis is first asked which of them anybody follows.
local function append_all(leaving, channels)
    local followed
    if #channels > 3 then
        local names = {}
        for i = 1, #channels do
            names[i] = leaving[channels[i]].prefix .. 'feed:c:' .. channels[i]
        end
        local counts = call('PUBSUB', 'SHARDNUMSUB', spread(names))
        followed = {}
        for i = 1, #channels do
            followed[i] = counts[2 * i] > 0
        end
    end
    for i = 1, #channels do
        local items = leaving[channels[i]]
        local key, records = items.prefix .. 'ch:' .. channels[i], concat(items)
        if not followed or followed[i] then
            append(key, 'a', records)
        else
            call('XADD', key, '*', 'a', records)
        end
    end
end

-- What is known of sharing in the regions of this call, whose versions are its keys, by the beginning of their keys.
local function sharing_of_call(turn)
    local all, keys, now = {}, turn.keys, turn.now
    local versions = call('MGET', spread(keys))
    begin_known()
    for i = 1, #keys do
        local there = sharing_known(keys[i], versions[i], now)
        all[there.prefix] = there
    end
    return all
end

-- Takes what may leave at once to its channel, at the end of the call.
local function leave(turn, prefix, household, group, records)
    turn.sharing = turn.sharing or sharing_of_call(turn)
    local sharing = turn.sharing[prefix]
    local shared = shared_records(records, group.kinds, shared_kinds(sharing, prefix, household, group.version))
    turn.unshared = turn.unshared + (#records - #shared) / WAITING_RECORD
    if shared == '' then
        return
    end
    if not enough_sharers(sharing, prefix, group.leaf, turn.terms) then
        turn.below = turn.below + #shared / WAITING_RECORD
        return
    end
    local there = turn.leaving[group.channel] or { prefix = prefix }
    turn.merged = turn.merged + publish_records(there, shared, prefix, household, turn.terms)
    if there[1] and not turn.leaving[group.channel] then
        turn.channels[#turn.channels + 1] = group.channel
        turn.leaving[group.channel] = there
    end
end

-- Leaves it in the pending list until its window is over.
local function wait(turn, prefix, _, group, records)
    local there = turn.pending[prefix]
    if not there then
        there = { 'RPUSH', prefix .. 'pend' }
        turn.pending[prefix] = there
    end
    there[#there + 1] = turn.window .. group.member .. records
end

-- The repeat check of a section, of which `at` is behind what all sections have. Returns the verdicts, FENCED or nil, the
-- current session when this one is too old, and where to read on.
local function check_section(blob, at, events, numbering, qos2, session, first, state_key, field)
    local list
    if numbering >= 2 then
        list, at = unpack('>Hc0', blob, at)
    end
    if qos2 == 1 then
        local key, generation, born, packet
        key, generation, born, packet, at = unpack('>I4c0I8I8H', blob, at)
        local marked = mark_packet(key, generation, born, packet)
        if marked ~= OK then
            return marked == REPEAT and all_repeated(events) or marked, nil, at
        end
    end
    if numbering == 0 then
        return nil, nil, at
    end
    if numbering == 3 then
        return check_digests(state_key, field, list), nil, at
    end
    local verdict, current = check(state_key, field, session, first, events, list)
    return verdict, current, at
end

-- Stores what is new of a group: its log entry, and what may leave. Returns where to read on.
local function store_group(turn, blob, at, verdict, current)
    local indexes, log_key, log, publishing
    indexes, log_key, log, publishing, at = unpack('>Bc0Hc0Hc0B', blob, at)
    local published, records, group = nil, nil, turn.group
    if publishing > 0 then
        if publishing == 2 then
            published, at = unpack('>Bc0', blob, at)
        end
        group.version, group.kinds, group.channel, group.leaf, group.member, records, at =
            unpack('>I8HBc0Bc0Hc0Hc0', blob, at)
    end
    if verdict == FENCED then
        return at
    end
    if verdict then
        log, records = without(verdict, indexes, log, records, published)
    end
    if current or log == '' then
        return at
    end
    call('XADD', log_key, '*', 'e', log)
    if records and records ~= '' then
        turn.release(turn, sub(log_key, 1, 9), sub(log_key, 14), group, records)
    end
    return at
end

-- Keys: nb:{rXX}:sharing of each region in the call. One argument, packed by bridge/store_motion_pack.c: 1 when activity
-- leaves at once, the window, k, how many begin it, the time before which a sharing household must have been verified, the
-- cooldown in seconds, its epoch, how long that is kept; then sections, one a sender, session and region:
--   events, groups, numbering (0 none, 1 a run, 2 a list, 3 a list of digests in their place), 1 for QoS 2, session, first
--     number, state key, field ('' for both when not numbered), [the list]
--   QoS 2: the key of its packets here, the session's generation and the one that began it, packet id
-- and in each section its groups, one a household and leaf cell:
--   the events' places in the section, log key, log, publishing (0 none, 1 all, 2 some)
--   publishing: [a '1' or '0' an event], the version of what the household shares, the mask of kinds, channel, the leaf cell's
--     digest, what a pending member begins with, the records as they wait
-- The answer: for each section '0' all stored, '1' with the masks, '2' with the current session, '3' when the
-- session of its packet id is somebody else's by now; at the end how many activity records were not shared, how many
-- were below k, and how many were one with another.
local function motion(keys, args)
    local blob, answer = args[1], {}
    local at_once, window, k, begin, cutoff, cooldown, epoch, keep, at = unpack('>BI8I4I4I8I4I8I4', blob)
    local turn = { keys = keys, now = cutoff, window = pack('>I8', window), unshared = 0, below = 0, merged = 0,
        terms = cooldown_terms({ k = k, begin = begin, cutoff = string.format('%.0f', cutoff) }, cooldown, epoch, keep),
        leaving = {}, channels = {}, pending = {}, release = at_once == 1 and leave or wait,
        group = { version = 0, kinds = 0, channel = '', leaf = '', member = '' } } -- one table, filled anew for each group
    while at <= #blob do
        local events, groups, numbering, qos2, session, first, state_key, field, verdict, current
        events, groups, numbering, qos2, session, first, state_key, field, at = unpack('>BBBBI8I8Hc0Hc0', blob, at)
        verdict, current, at = check_section(blob, at, events, numbering, qos2, session, first, state_key, field)
        for _ = 1, groups do
            at = store_group(turn, blob, at, verdict, current)
        end
        answer[#answer + 1] = verdict == FENCED and '3' or verdict and '1' .. masks(verdict)
            or current and pack('>c1I8', '2', current) or '0'
    end
    if turn.channels[1] then
        append_all(turn.leaving, turn.channels)
    end
    for _, command in pairs(turn.pending) do
        call(spread(command))
    end
    answer[#answer + 1] = pack('>HHH', turn.unshared, turn.below, turn.merged)
    return concat(answer)
end

register('nb_motion', motion)
