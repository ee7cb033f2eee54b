-- Alerts, all under their sender's tag. The hash of one:
--   revision, state (1 in force, 2 expired, 3 ended for good), expires, until (then nothing of it is needed), digest,
--   union (every channel that any revision reached), done (the revision that all its channels have),
--   areas (the revisions that brought an area not seen before), names (aliases that go with it), into (what it merged into),
--   and for each of the newest KEPT revisions s<n> its state, t<n> when it was stored, c<n> its channels, b<n> its body;
--   a<n> an area.
-- One without digest was cancelled before it came.

local KEPT = 64
local IN_FORCE, EXPIRED, FINAL = 1, 2, 3

local function words(text)
    local list = {}
    for word in string.gmatch(text or '', '%S+') do
        list[#list + 1] = word
    end
    return list
end

-- `text` and those words of `more` that it has not.
local function united(text, more)
    local list, seen = words(text), {}
    for _, word in ipairs(list) do
        seen[word] = true
    end
    for _, word in ipairs(words(more)) do
        if not seen[word] then
            seen[word] = true
            list[#list + 1] = word
        end
    end
    return concat(list, ' ')
end

local function note_area(key, revision, area)
    local areas = call('HGET', key, 'areas') or ''
    for _, began in ipairs(words(areas)) do
        if call('HGET', key, 'a' .. began) == area then
            return
        end
    end
    call('HSET', key, 'a' .. revision, area, 'areas', areas .. ' ' .. revision)
end

-- Gives the alert its next revision and its outbox entry. m: now, absence, expires, and for one in force
-- body, area, cover.
local function revise(prefix, id, state, m)
    local key = prefix .. 'alert:' .. id
    local known = call('HMGET', key, 'revision', 'expires', 'union')
    local revision = tonumber(known[1] or 0) + 1
    local expires = state == IN_FORCE and m.expires or tonumber(known[2] or m.now)
    local until_ms = math.max(expires, m.now) + m.absence
    call('HSET', key, 'revision', revision, 'state', state, 'expires', expires, 'until', until_ms,
        's' .. revision, state, 't' .. revision, m.now)
    if state == IN_FORCE then
        call('HSET', key, 'c' .. revision, m.cover, 'b' .. revision, m.body, 'union', united(known[3], m.cover))
        note_area(key, revision, m.area)
        call('ZADD', prefix .. 'expiry', expires, id)
    else
        call('ZREM', prefix .. 'expiry', id)
    end
    if revision > KEPT then
        local old = revision - KEPT
        call('HDEL', key, 's' .. old, 't' .. old, 'c' .. old, 'b' .. old)
    end
    call('ZADD', prefix .. 'tombs', until_ms, id)
    call('XADD', prefix .. (revision == 1 and 'outbox' or 'first'), '*', 'p', id, 't', m.now)
    return revision
end

-- The alert that a message's id stands for now, or nil.
local function resolve(prefix, id)
    for _ = 1, 16 do
        local known = call('HMGET', prefix .. 'alert:' .. id, 'state', 'into')
        if known[1] and not known[2] then
            return id
        end
        local alias = known[2] or call('GET', prefix .. 'alias:' .. id)
        if not alias then
            return nil
        end
        id = sub(alias, 1, 24)
    end
    return nil
end

local function finish(prefix, id, m)
    local key = prefix .. 'alert:' .. id
    if tonumber(call('HGET', key, 'state')) == IN_FORCE then
        return revise(prefix, id, FINAL, m)
    end
    call('HSET', key, 'state', FINAL)
    return tonumber(call('HGET', key, 'revision'))
end

-- Cancelled before it came: nothing was told of it, nothing is to be told.
local function bury(prefix, id, m)
    local until_ms = math.max(m.expires, m.now) + m.absence
    call('HSET', prefix .. 'alert:' .. id, 'revision', 1, 'done', 1, 'state', FINAL, 's1', FINAL, 'expires',
        m.expires, 'until', until_ms)
    call('ZADD', prefix .. 'tombs', until_ms, id)
end

-- Remembers that the message `id` is part of `target`; without a digest the message is only known by name.
local function name_alias(prefix, id, target, digest, revision)
    call('SET', prefix .. 'alias:' .. id, digest and target .. digest .. pack('>I4', revision) or target)
    local key = prefix .. 'alert:' .. target
    call('HSET', key, 'names', united(call('HGET', key, 'names'), id))
end

-- What is known of this very message: status, public id, revision; nil when it is new.
local function seen_before(prefix, id, digest)
    local known = call('HMGET', prefix .. 'alert:' .. id, 'state', 'digest', 'revision')
    if known[1] then
        if not known[2] then
            return { DEAD, id, tonumber(known[3]) }
        end
        return { known[2] == digest and REPEAT or CONFLICT, id, 1 }
    end
    local alias = call('GET', prefix .. 'alias:' .. id)
    if not alias then
        return nil
    end
    local target = sub(alias, 1, 24)
    if #alias == 24 then
        return { DEAD, target, tonumber(call('HGET', prefix .. 'alert:' .. target, 'revision') or 0) }
    end
    return { sub(alias, 25, 40) == digest and REPEAT or CONFLICT, target, (unpack('>I4', alias, 41)) }
end

-- The alerts that the references stand for, each once, and the references that stand for none.
local function referred(prefix, references)
    local known, unknown, seen = {}, {}, {}
    for _, reference in ipairs(references) do
        local id = resolve(prefix, reference)
        if not id then
            unknown[#unknown + 1] = reference
        elseif not seen[id] then
            seen[id] = true
            known[#known + 1] = id
        end
    end
    return known, unknown
end

local function create(prefix, id, m)
    local revision = revise(prefix, id, IN_FORCE, m)
    call('HSET', prefix .. 'alert:' .. id, 'digest', m.digest)
    return { OK, id, revision }
end

local function update(prefix, id, m)
    local known, unknown = referred(prefix, m.references)
    local target = known[1] or id
    local status, revision = OK, nil
    if not known[1] then
        revision = create(prefix, id, m)[3]
    else
        local key = prefix .. 'alert:' .. target
        if tonumber(call('HGET', key, 'state')) == FINAL then
            status, revision = DEAD, tonumber(call('HGET', key, 'revision'))
        else
            revision = revise(prefix, target, IN_FORCE, m)
        end
        name_alias(prefix, id, target, m.digest, revision)
    end
    for i = 2, #known do
        finish(prefix, known[i], m)
        call('HSET', prefix .. 'alert:' .. known[i], 'into', target)
    end
    for _, reference in ipairs(unknown) do
        name_alias(prefix, reference, target)
    end
    return { status, target, revision }
end

local function cancel(prefix, id, m)
    local known, unknown = referred(prefix, m.references)
    local target, revision = known[1], nil
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
    return { OK, target or id, revision or 1 }
end

-- Key: the message's own alert key. Arguments: act (1 new, 2 update, 3 cancel), id, digest, now, expires,
-- absence, body, area, channels and references as words. Answers status, public id, revision.
local function alert(keys, args)
    local prefix = sub(keys[1], 1, 9)
    local act, id = tonumber(args[1]), args[2]
    local m = { digest = args[3], now = tonumber(args[4]), expires = tonumber(args[5]), absence = tonumber(args[6]),
        body = args[7], area = args[8], cover = args[9], references = words(args[10]) }
    local before = seen_before(prefix, id, m.digest)
    if before and before[1] == DEAD and act == 2 then
        -- The update was cancelled before it came, and so was what it goes on with.
        for _, other in ipairs((referred(prefix, m.references))) do
            finish(prefix, other, m)
        end
    end
    if before then
        return before
    end
    return (act == 1 and create or act == 2 and update or cancel)(prefix, id, m)
end

-- Key: the alert. Argument: the revision (0: the newest). Answers NOT_FOUND, or OK, revision, in force,
-- expires, body, when it was stored, areas …
local function load(keys, args)
    local known = call('HMGET', keys[1], 'revision', 'expires', 'areas')
    if not known[1] then
        return { NOT_FOUND }
    end
    local newest, revision = tonumber(known[1]), tonumber(args[1])
    if revision == 0 or revision > newest then
        revision = newest
    end
    local state, body = call('HGET', keys[1], 's' .. revision), nil
    for n = revision, math.max(1, revision - KEPT), -1 do
        body = body or call('HGET', keys[1], 'b' .. n)
    end
    for n = revision + 1, newest do
        body = body or call('HGET', keys[1], 'b' .. n)
    end
    local answer = { OK, revision, tonumber(state) == IN_FORCE and 1 or 0, known[2], body or '',
        call('HGET', keys[1], 't' .. revision) or 0 }
    for _, began in ipairs(words(known[3])) do
        if tonumber(began) < revision then
            answer[#answer + 1] = call('HGET', keys[1], 'a' .. began)
        end
    end
    return answer
end

register('nb_alert', alert)
register('nb_load', load, { 'no-writes' })
