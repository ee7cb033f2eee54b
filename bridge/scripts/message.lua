-- What a sender says of alerts: new, update, cancel.

local update_own_part -- parts.lua

-- What the references stand for, each once: alerts, nothing that is known, and parts of others' alerts, with their
-- aliases.
local function referred(prefix, references)
    local known, unknown, parts, seen = {}, {}, { first = false }, {}
    for _, reference in ipairs(references) do
        local id, alias = resolve(prefix, reference)
        if not id then
            unknown[#unknown + 1] = reference
        elseif not seen[id] then
            seen[id] = true
            if alias then
                parts.first = parts.first or #known == 0
                put(parts, id, alias)
            else
                known[#known + 1] = id
            end
        end
    end
    return known, unknown, parts
end

-- Asks for the parts to be told first, under their alerts' tags: 1 when the first is to be updated, not withdrawn; then
-- each part, the alert that it is in, its tag.
local function ask_forward(id, parts, updates)
    local answer = { FORWARD, id, updates and 1 or 0 }
    for i = 1, #parts, 2 do
        local lead, _, _, tag = unpack(PART, parts[i + 1])
        put(answer, parts[i], lead, tag)
    end
    return answer
end

-- Counts one more by this name in the window, once an id. Answers in how many milliseconds it may be, when there were as
-- many as may be; nil when it is counted.
local function over_limit(key, id, now, most, window)
    if most == 0 or call('ZSCORE', key, id) then
        return nil
    end
    call('ZREMRANGEBYSCORE', key, '-inf', now - window)
    if call('ZCARD', key) >= most then
        return math.max(1, tonumber(call('ZRANGE', key, 0, 0, 'WITHSCORES')[2]) + window - now)
    end
    call('ZADD', key, now, id)
    call('PEXPIRE', key, window)
    return nil
end

local function over_sender_limit(prefix, id, m)
    return over_limit(prefix .. 'limit:' .. m.sender, id, m.now, m.limit, m.limit_window)
end

-- An alert of which nothing may be told yet.
local function begin_waiting(prefix, id, m)
    local until_ms = math.max(m.expires, m.now) + m.absence
    local fields = { 'revision', 0, 'state', WAITING, 'expires', m.expires, 'until', until_ms, 'digest', m.digest }
    put_sender(fields, m, true)
    call('HSET', prefix .. 'alert:' .. id, spread(fields))
    call('ZADD', prefix .. 'tombs', until_ms, id)
    return { OK, id, keep_back(prefix, id, m), IS_PENDING }
end

local function create(prefix, id, m)
    local retry = over_sender_limit(prefix, id, m)
    if retry then
        return { LIMITED, id, 0, 0, retry }
    end
    if m.approval then
        return begin_waiting(prefix, id, m)
    end
    return { OK, id, revise(prefix, id, IN_FORCE, m) }
end

-- The truth of a sender's changed text: what was refuted stays so, what an agency confirmed was another text.
local function updated_truth(key, about, m)
    local truth = about and unpack(ABOUT, about) or 0
    if m.agency or truth == 0 then
        return m.truth
    end
    return truth ~= CONFIRMED and truth or call('HEXISTS', key, 'corroborated') == 1 and CORROBORATED or m.truth
end

-- What of a message says that alerts end, without its document.
local function ending(m)
    return { now = m.now, absence = m.absence, sender = m.sender, officer = m.officer, name = m.name, case = m.case,
        digest = m.digest }
end

local function end_others(prefix, others, target, m)
    for _, other in ipairs(others) do
        finish(prefix, other, ending(m))
        call('HSET', prefix .. 'alert:' .. other, 'into', target)
    end
end

-- The next revision of an alert that is known. Answers status, revision, flags.
local function go_on(prefix, target, m, others)
    local key = prefix .. 'alert:' .. target
    local known = call('HMGET', key, 'state', 'about', 'parted', 'revision', 'waits')
    local state = tonumber(known[1])
    if state == FINAL or (known[3] and not update_own_part(prefix, target, m)) then
        end_others(prefix, others, target, m)
        return DEAD, tonumber(known[4]), 0
    end
    m.truth = updated_truth(key, known[2], m)
    if m.approval or state == HELD then
        return OK, keep_back(prefix, target, m, others), state == HELD and 0 or IS_PENDING
    end
    if known[5] then
        drop_waiting(prefix, target)
    end
    end_others(prefix, others, target, m)
    return OK, revise(prefix, target, IN_FORCE, m), 0
end

-- The update was of a part, and the alert that it is in was told so.
local function update_part(prefix, id, m, known, told)
    name_alias(prefix, id, told.part, m.digest, told.revision)
    call('ZADD', prefix .. 'tombs', 'GT', math.max(m.expires, m.now) + m.absence, told.part)
    end_others(prefix, known, told.part, m)
    return { told.status, told.lead, told.revision, IS_MERGED }
end

local function update(prefix, id, m)
    local known, unknown, parts = referred(prefix, m.references)
    local target, told = known[1] or id, m.told[1]
    local answer
    if #parts > 0 and not told then
        return ask_forward(id, parts, parts.first)
    elseif told and parts.first and told.status ~= NOT_FOUND then
        answer, target = update_part(prefix, id, m, known, told), told.part
    elseif not known[1] then
        answer = create(prefix, id, m)
        if answer[1] ~= OK then
            return answer
        end
    else
        local status, revision, flags = go_on(prefix, target, m, { select(2, spread(known)) })
        name_alias(prefix, id, target, m.digest, revision)
        answer = { status, target, revision, flags }
    end
    if told and told.status == NOT_FOUND then
        put(unknown, told.part)
    end
    for _, reference in ipairs(unknown) do
        name_alias(prefix, reference, target)
    end
    return answer
end

local function cancel(prefix, id, m)
    local known, unknown, parts = referred(prefix, m.references)
    local target, revision = known[1], nil
    if #parts > 0 and not m.told[1] then
        return ask_forward(id, parts, false)
    end
    for _, told in ipairs(m.told) do
        if told.status == NOT_FOUND then
            call('DEL', prefix .. 'alias:' .. told.part)
            put(unknown, told.part)
        elseif not target then
            target, revision = told.part, told.revision
        end
    end
    for _, other in ipairs(known) do
        local ended = finish(prefix, other, m)
        revision = revision or ended
    end
    for _, reference in ipairs(unknown) do
        bury(prefix, reference, m)
        target = target or reference
    end
    if target then
        name_alias(prefix, id, target, m.digest, revision or 1)
    end
    local told = m.told[1]
    if told and told.part == target then
        return { OK, told.lead, revision, IS_MERGED }
    end
    return { OK, target or id, revision or 1 }
end

-- What the arguments from `at` on say: id, digest, now, expires, absence, body, area, channels and references as words,
-- sender, client, household, officer, agency, approval, severity, truth, document and its type,
-- 1 when only what was stored before counts, limit and its window; of an agency's, for the record, its name in public, case
-- number and headline.
local function read_message(args, at)
    return { id = args[at], digest = args[at + 1], now = tonumber(args[at + 2]), expires = tonumber(args[at + 3]),
        absence = tonumber(args[at + 4]), body = args[at + 5], area = args[at + 6], cover = args[at + 7],
        references = words(args[at + 8]), sender = args[at + 9], client = args[at + 10], household = args[at + 11],
        officer = args[at + 12], agency = args[at + 13] == '1', approval = args[at + 14] == '1',
        severity = tonumber(args[at + 15]), truth = tonumber(args[at + 16]), document = args[at + 17],
        document_type = args[at + 18], only_known = args[at + 19] == '1', limit = tonumber(args[at + 20]),
        limit_window = tonumber(args[at + 21]), name = args[at + 22], case = args[at + 23], title = args[at + 24] }
end

-- What ask_forward asked for was done: for each part its id, the alert that it is in, what that answered.
local function read_told(text)
    local list, told = words(text), {}
    for i = 1, #list, 4 do
        put(told, { part = list[i], lead = list[i + 1], status = tonumber(list[i + 2]), revision = tonumber(list[i + 3]) })
    end
    return told
end

-- Key: the message's own alert key. Arguments: act (1 new, 2 update, 3 cancel), what was forwarded ('': nothing yet), the
-- message. Answers status, public id, revision, flags, when it would be taken.
local function alert(keys, args)
    local prefix, act, m = sub(keys[1], 1, 9), tonumber(args[1]), read_message(args, 3)
    m.told = read_told(args[2])
    local before = seen_before(prefix, m.id, m.digest)
    if before and before[1] == DEAD and act == 2 then
        -- The update was cancelled before it came, and so was what it goes on with.
        local known, _, parts = referred(prefix, m.references)
        if #parts > 0 and not m.told[1] then
            return ask_forward(m.id, parts, false)
        end
        for _, other in ipairs(known) do
            finish(prefix, other, ending(m))
        end
    end
    if before and before[1] == REPEAT and call('EXISTS', prefix .. 'wait:' .. before[2]) == 1
        and tonumber(call('HGET', prefix .. 'alert:' .. before[2], 'state')) ~= HELD then
        before[4] = IS_PENDING
    end
    if not before and m.only_known then
        return { ENDED, m.id, 0 }
    end
    return before or (act == 1 and create or act == 2 and update or cancel)(prefix, m.id, m)
end

register('nb_alert', alert)
