-- Residents' reports of the same thing become one alert, the first one's, with the others as parts. Each step keeps to
-- one tag and may be repeated:
--   nb_report   (the reporter's tag)  is it known already; is it within its sender's limit
--   nb_near     (its region's tag)    leaves the report where others look, and says who was there
--   nb_look     (another region's)    says who is there
--   nb_intend   (the reporter's tag)  notes whose part it is to be, so that its sender's updates and cancels find it there
--   nb_join     (the alert's tag)     makes it a part, and the alert's next revision; only then it is acknowledged
--   nb_joined, nb_leave               others need not wait for it, nor find it
--   nb_alone    (the reporter's tag)  where nobody was, or is any more: it is an alert of its own
-- What stops half-way is sent again by its sender, and goes on from what was noted; what was noted and never done hides
-- nothing: a report that is not part of anything stands alone.
--
-- nb:{rXX}:near:<token>: packed entries of the reports in that fine cell: public id, sender's tag, ms, and Redis' own
-- time when it was put there, by which they agree on who was first.

local NEAR, NEAR_SIZE = '>c24BI8I8', 41

-- Key: the report's own alert key. Arguments: the message. Answers what nb_alert would, or OK when it is new and may be
-- taken, or JOIN, the alert and its tag, when it was to be a part and may not be one yet.
local function report(keys, args)
    local prefix, m = sub(keys[1], 1, 9), read_message(args, 1)
    local before = seen_before(prefix, m.id, m.digest)
    local alias = before and before[1] == REPEAT and not m.only_known and call('GET', prefix .. 'alias:' .. m.id)
    if alias and #alias == PART_SIZE then
        local lead, _, _, tag = unpack(PART, alias)
        return { JOIN, lead, tag }
    elseif before or m.only_known then
        return before or { ENDED, m.id, 0 }
    end
    local retry = over_sender_limit(prefix, m.id, m)
    return retry and { LIMITED, m.id, 0, 0, retry } or { OK, m.id, 0 }
end

-- The reports of other ids in these fine cells of a region, since then: public id, tag, when it was put there, and again.
local function look_near(prefix, tokens, id, since)
    local keys, found = {}, {}
    for i = 1, #tokens do
        keys[i] = prefix .. 'near:' .. tokens[i]
    end
    for _, entries in ipairs(#keys > 0 and call('MGET', spread(keys)) or {}) do
        for at = 1, entries and #entries or 0, NEAR_SIZE do
            local other, tag, came, order = unpack(NEAR, entries, at)
            if other ~= id and came > since then
                put(found, other, tag, order)
            end
        end
    end
    return found
end

-- Answers when it was put there.
local function put_near(key, id, tag, now, window)
    local kept, time = {}, call('TIME')
    local order = time[1] * 1000000 + time[2]
    local entries = call('GET', key) or ''
    for at = 1, #entries, NEAR_SIZE do
        local other, _, came, its_order = unpack(NEAR, entries, at)
        if other == id then
            return its_order
        elseif came > now - window then
            kept[#kept + 1] = sub(entries, at, at + NEAR_SIZE - 1)
        end
    end
    call('SET', key, concat(kept) .. pack(NEAR, id, tag, now, order), 'PX', window)
    return order
end

-- Keys: the report's own fine cell, what was reported in its channel of its category. Arguments: public id, sender's tag,
-- now, window, how many may be in the channel (0: any), in which time, then the tokens of what is near. Answers OK or
-- LIMITED, when it would be taken, when it was put there, then who is near.
local function near(keys, args)
    local prefix, id, now, window = sub(keys[1], 1, 9), args[1], tonumber(args[3]), tonumber(args[4])
    local retry = over_limit(keys[2], id, now, tonumber(args[5]), tonumber(args[6]))
    if retry then
        return { LIMITED, retry }
    end
    local found = look_near(prefix, { select(7, spread(args)) }, id, now - window)
    return { OK, 0, put_near(keys[1], id, tonumber(args[2]), now, window), spread(found) }
end

-- Key: any near key of the region. Arguments: public id, since when, the tokens. Answers who is near.
local function look(keys, args)
    return look_near(sub(keys[1], 1, 9), { select(3, spread(args)) }, args[1], tonumber(args[2]))
end

-- Key: the report's fine cell. Argument: public id. It is part of another, or nothing: nobody joins it.
local function leave(keys, args)
    local kept, entries = {}, call('GET', keys[1]) or ''
    for at = 1, #entries, NEAR_SIZE do
        if sub(entries, at, at + 23) ~= args[1] then
            kept[#kept + 1] = sub(entries, at, at + NEAR_SIZE - 1)
        end
    end
    if #kept * NEAR_SIZE < #entries then
        call('SET', keys[1], concat(kept), 'KEEPTTL')
    end
    return OK
end

-- Somebody else who does the same report's work intends something else than `expected`: JOIN, the alert, its tag; or nil.
local function other_intent(alias, expected, m)
    if alias and #alias == PART_SIZE and sub(alias, 25, 40) == m.digest and sub(alias, 1, 24) ~= expected then
        local lead, _, _, tag = unpack(PART, alias)
        return { JOIN, lead, tag }
    end
end

-- Key: the report's own alert key. Arguments: the alert that it is to be part of, its tag, the one that it could not be
-- part of, the message. Answers OK, or what became of the report meanwhile.
local function intend(keys, args)
    local prefix, m = sub(keys[1], 1, 9), read_message(args, 4)
    local alias = call('GET', prefix .. 'alias:' .. m.id)
    if call('EXISTS', keys[1]) == 1 or (alias and #alias ~= PART_SIZE) then
        return seen_before(prefix, m.id, m.digest)
    elseif alias and sub(alias, 25, 40) ~= m.digest then
        return { CONFLICT, m.id, 1 }
    end
    local other = sub(alias or '', 1, 24) ~= args[1] and other_intent(alias, args[3], m)
    if other then
        return other
    end
    call('SET', prefix .. 'alias:' .. m.id, pack(PART, args[1], m.digest, 0, tonumber(args[2])))
    call('ZADD', prefix .. 'tombs', math.max(m.expires, m.now) + m.absence, m.id)
    return { OK, m.id, 0 }
end

-- Whether the report may become a part of the alert: OK, LATER when that is on its way, ENDED when not. `first`: of the
-- two, this report came first.
local function may_join(prefix, lead, m, first)
    local known = call('HMGET', prefix .. 'alert:' .. lead, 'state', 'agency', 'sender', 'expires')
    if not known[1] then
        local alias = call('GET', prefix .. 'alias:' .. lead)
        local intended = not alias or (#alias == PART_SIZE and unpack('>I4', alias, 41) == 0)
        local mine = alias and first and sub(alias, 1, 24) == m.id
        return intended and not mine and LATER or ENDED
    elseif tonumber(known[1]) ~= IN_FORCE or known[2] or tonumber(known[4]) <= m.now or known[3] == m.sender
        or call('HEXISTS', prefix .. 'parts:' .. lead, 'u' .. m.sender) == 1 then
        return ENDED
    end
    return OK
end

-- Key: the alert. Arguments: its public id, 1 when the report came before it, the message. Answers OK, REPEAT or DEAD
-- when the report is or was a part, LATER or ENDED when it is not; the alert, its revision, flags.
local function join(keys, args)
    local prefix, lead, m = sub(keys[1], 1, 9), args[1], read_message(args, 3)
    local parts = prefix .. 'parts:' .. lead
    local known, revision = call('HGET', parts, 'p' .. m.id), tonumber(call('HGET', keys[1], 'revision') or 0)
    if known then
        return { byte(known) == LIVE and REPEAT or DEAD, lead, revision, IS_MERGED }
    end
    local status = may_join(prefix, lead, m, args[2] == '1')
    if status ~= OK then
        return { status, lead, 0 }
    end
    if call('HEXISTS', parts, 'order') == 0 then
        begin_parts(prefix, lead)
    end
    put_part(parts, m.id, m)
    call('HSET', parts, 'order', call('HGET', parts, 'order') .. ' ' .. m.id)
    return { OK, lead, settle(prefix, lead, m), IS_MERGED }
end

-- Key: the report's own alert key. Arguments: its public id, the alert whose part it became, that one's revision. Nobody
-- waits for it any more.
local function joined(keys, args)
    local key = sub(keys[1], 1, 9) .. 'alias:' .. args[1]
    local alias = call('GET', key)
    if alias and #alias == PART_SIZE and sub(alias, 1, 24) == args[2] and unpack('>I4', alias, 41) == 0 then
        call('SET', key, sub(alias, 1, 40) .. pack('>I4', tonumber(args[3])) .. sub(alias, 45))
    end
    return OK
end

-- Key: the report's own alert key. Arguments: the alert that it could not be part of ('': none), the message. As
-- nb_alert, of a report that is part of nothing.
local function alone(keys, args)
    local prefix, m = sub(keys[1], 1, 9), read_message(args, 2)
    local alias = call('GET', prefix .. 'alias:' .. m.id)
    local other = other_intent(alias, args[1], m)
    if other then
        return other
    elseif alias and #alias == PART_SIZE and sub(alias, 25, 40) == m.digest then
        call('DEL', prefix .. 'alias:' .. m.id)
    end
    return seen_before(prefix, m.id, m.digest) or create(prefix, m.id, m)
end

register('nb_report', report)
register('nb_near', near)
register('nb_look', look, { 'no-writes' })
register('nb_leave', leave)
register('nb_intend', intend)
register('nb_join', join)
register('nb_joined', joined)
register('nb_alone', alone)
