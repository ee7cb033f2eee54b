-- Alerts, all under their sender's tag. The hash of one, nb:{sXX}:alert:<public id>:
--   revision (0: none was told yet), state (below), expires, until (then nothing of it is needed), digest,
--   union (every channel that any revision reached), done (the revision that all its channels have),
--   areas (the revisions that brought an area not seen before), names (aliases that go with it), into (what it merged into),
--   sender, client, household, officer, agency (1: an agency's), shown (the revision that brought the present body),
--   about (truth, severity, reports in it: 6 bytes, of the newest revision),
--   document, document_type, document_revision, document_at: as received, of the newest revision that had one,
--   removed (1: by a moderator), approved (the revision that a second officer let out), released (1),
--   held_by (the household whose flag held it), judged (flags that a moderator has answered), verdict, verdict_revision (the
--   last one's arguments, and what it led to), appeal, appealed (ms), parted (1: others' reports are in it, parts.lua),
--   waits (1: something of it is kept back),
--   and for each of the newest KEPT revisions s<n> its state, when it was stored, and what it was about (15 bytes), c<n> its
--   channels, b<n> its body where it is not that of the revision before, d<n> how often it was delivered; a<n> an area.
-- One without digest was cancelled before it came. What is kept back, for a second officer or while the alert is held, is
-- the hash nb:{sXX}:wait:<public id>.

local KEPT = 64
local IN_FORCE, EXPIRED, FINAL, HELD, WAITING = 1, 2, 3, 4, 5
local ABOUT, ABOUT_NOTHING = '>BBI4', '\0\0\0\0\0\1'
local REVISION = '>BI8BBI4' -- as s<n> says it
local IS_PENDING, IS_MERGED = 1, 2 -- flags of an answer

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

local function put(list, ...)
    local more = { ... }
    for i = 1, #more do
        list[#list + 1] = more[i]
    end
end

local function note_area(fields, key, revision, area)
    local areas = call('HGET', key, 'areas') or ''
    for _, began in ipairs(words(areas)) do
        if call('HGET', key, 'a' .. began) == area then
            return
        end
    end
    put(fields, 'a' .. revision, area, 'areas', areas .. ' ' .. revision)
end

-- Puts pairs of field and value behind what the list has. Written out, as what follows, for every alert takes this way.
local function put_sender(fields, m, first)
    local n = #fields
    fields[n + 1], fields[n + 2], fields[n + 3], fields[n + 4] = 'sender', m.sender, 'client', m.client
    n = n + 4
    if not first or m.household ~= '' then
        fields[n + 1], fields[n + 2] = 'household', m.household
        n = n + 2
    end
    if not first or m.officer ~= '' then
        fields[n + 1], fields[n + 2] = 'officer', m.officer
        n = n + 2
    end
    if first and m.agency then
        fields[n + 1], fields[n + 2] = 'agency', 1
    end
end

local function put_body(fields, m, revision, union)
    local n = #fields
    fields[n + 1], fields[n + 2], fields[n + 3], fields[n + 4] = 'b' .. revision, m.body, 'c' .. revision, m.cover
    fields[n + 5], fields[n + 6], fields[n + 7], fields[n + 8] = 'shown', revision, 'union', union
end

local function put_document(fields, m, revision)
    if m.document and m.document ~= '' then
        put(fields, 'document', m.document, 'document_type', m.document_type, 'document_revision', revision,
            'document_at', m.now)
    end
end

-- Lists an agency's alert as long as it is in force and its sender's newest word is that it is to be listed.
local function list_agency(prefix, id, state, m)
    if state ~= IN_FORCE or (m.sender and not m.agency) then
        call('ZREM', prefix .. 'agency', id)
    elseif m.sender then
        call('ZADD', prefix .. 'agency', m.now, id)
    else
        call('ZADD', prefix .. 'agency', 'XX', m.now, id)
    end
end

-- What an agency says by an alert of its own is an act, but for what waits. Its desk finds it (desk.lua), as long as it is
-- in force or waits, by nb:{sXX}:own:<agency>, a zset of public ids by their end.
local function note_alert(prefix, what, id, revision, m)
    if sub(m.sender or '', 1, 7) ~= 'agency/' then
        return
    end
    if m.expires then
        call('ZREMRANGEBYSCORE', prefix .. 'own:' .. m.sender, '-inf', m.now)
        call('ZADD', prefix .. 'own:' .. m.sender, 'GT', m.expires, id)
    end
    if what ~= 'waits' then
        note_act(prefix, { what = what, by = m.sender, officer = m.officer, subject = id, revision = revision, at = m.now,
            name = m.name, case = m.case, text = m.title, digest = m.digest })
    end
end

-- Gives the alert its next revision and its outbox entry. m: now, absence; for one in force also body, area, cover, or
-- none of them when the present ones go on; expires, truth, severity, merged where they change; sender and what goes with
-- it, document.
local function revise(prefix, id, state, m)
    local key = prefix .. 'alert:' .. id
    local known = call('HMGET', key, 'revision', 'expires', 'union', 'shown', 'agency', 'about')
    local revision, shown = tonumber(known[1] or 0) + 1, tonumber(known[4] or 0)
    local expires = state == IN_FORCE and m.expires or tonumber(known[2] or m.now)
    local until_ms = math.max(expires, m.now) + m.absence
    local truth, severity, merged = unpack(ABOUT, known[6] or ABOUT_NOTHING)
    local of = pack(REVISION, state, m.now, m.truth or truth, m.severity or severity, m.merged or merged)
    local fields = { 'revision', revision, 'state', state, 'expires', expires, 'until', until_ms, 'about', sub(of, -6),
        's' .. revision, of }
    if m.sender then
        put_sender(fields, m, not known[1])
    end
    put_document(fields, m, revision)
    if m.body then
        put_body(fields, m, revision, known[3] and united(known[3], m.cover) or m.cover)
        if known[1] then
            note_area(fields, key, revision, m.area)
        else
            put(fields, 'a1', m.area, 'areas', ' 1', 'digest', m.digest)
        end
    elseif revision - shown >= KEPT - 1 then
        put(fields, 'b' .. revision, call('HGET', key, 'b' .. shown), 'c' .. revision, call('HGET', key, 'c' .. shown),
            'shown', revision)
    elseif state == IN_FORCE then
        put(fields, 'c' .. revision, call('HGET', key, 'c' .. shown))
    end
    call('HSET', key, spread(fields))
    if state == IN_FORCE then
        call('ZADD', prefix .. 'expiry', expires, id)
    else
        call('ZREM', prefix .. 'expiry', id)
    end
    if known[5] or m.agency then
        list_agency(prefix, id, state, m)
    end
    if revision > KEPT then
        local old = revision - KEPT
        call('HDEL', key, 's' .. old, 'c' .. old, 'b' .. old, 'd' .. old)
    end
    call('ZADD', prefix .. 'tombs', until_ms, id)
    call('XADD', prefix .. (revision == 1 and 'outbox' or 'first'), '*', 'p', id, 't', m.now)
    if m.body then
        note_alert(prefix, revision == 1 and 'alert' or 'updated', id, revision, m)
    end
    return revision
end

-- Keeps a message back that is to become the next revision of the alert; it takes the place of one that waits already.
-- `others` end when it comes out. Answers the revision that it is known by until then.
local function keep_back(prefix, id, m, others)
    local key = prefix .. 'wait:' .. id
    local revision = tonumber(call('HGET', prefix .. 'alert:' .. id, 'revision')) + 1
    call('DEL', key)
    call('HSET', key, 'revision', revision, 'body', m.body, 'area', m.area, 'cover', m.cover, 'expires', m.expires,
        'truth', m.truth, 'severity', m.severity, 'sender', m.sender, 'client', m.client, 'household', m.household,
        'officer', m.officer, 'agency', m.agency and 1 or 0, 'document', m.document, 'document_type', m.document_type,
        'others', concat(others or {}, ' '), 'at', m.now, 'name', m.name or '', 'case', m.case or '',
        'title', m.title or '', 'digest', m.digest or '')
    call('HSET', prefix .. 'alert:' .. id, 'waits', 1)
    call('ZADD', prefix .. 'expiry', m.expires, 'w' .. id)
    note_alert(prefix, 'waits', id, revision, m)
    return revision
end

local function drop_waiting(prefix, id)
    if call('DEL', prefix .. 'wait:' .. id) == 1 then
        call('HDEL', prefix .. 'alert:' .. id, 'waits')
        call('ZREM', prefix .. 'expiry', 'w' .. id)
    end
end

-- What waits, as the m of revise; nil when nothing does.
local function waiting(prefix, id, now, absence)
    local known = call('HMGET', prefix .. 'wait:' .. id, 'revision', 'body', 'area', 'cover', 'expires', 'truth', 'severity',
        'sender', 'client', 'household', 'officer', 'document', 'document_type', 'others', 'at', 'agency',
        'name', 'case', 'title', 'digest')
    if not known[1] then
        return nil
    end
    return { revision = tonumber(known[1]), body = known[2], area = known[3], cover = known[4], expires = tonumber(known[5]),
        truth = tonumber(known[6]), severity = tonumber(known[7]), sender = known[8], client = known[9],
        household = known[10], officer = known[11], document = known[12], document_type = known[13],
        others = words(known[14]), at = known[15],
        agency = known[16] == '1', name = known[17], case = known[18], title = known[19], digest = known[20], now = now,
        absence = absence }
end

-- The alias of a report that is part of another sender's alert (report.lua): that alert, digest, revision (0: it is to
-- be), its tag. It is longer than others, and no key of this tag need have what it names.
local PART = '>c24c16I4B'
local PART_SIZE = 45

-- The alert that a message's id stands for now, or nil; and its alias when it is a part.
local function resolve(prefix, id)
    for _ = 1, 16 do
        local known = call('HMGET', prefix .. 'alert:' .. id, 'state', 'into')
        if known[1] and not known[2] then
            return id
        end
        local alias = known[2] or call('GET', prefix .. 'alias:' .. id)
        if not alias then
            return nil
        elseif #alias == PART_SIZE then
            return id, alias
        end
        id = sub(alias, 1, 24)
    end
    return nil
end

-- Ends the alert, which is in that state, for good. Answers its newest revision.
local function end_alert(prefix, id, state, m)
    local key = prefix .. 'alert:' .. id
    if state == IN_FORCE then
        local revision = revise(prefix, id, FINAL, { now = m.now, absence = m.absence, document = m.document,
            document_type = m.document_type })
        note_alert(prefix, 'cancelled', id, revision, m)
        return revision
    end
    if state == HELD then
        call('ZREM', prefix .. 'held', id)
    end
    call('HSET', key, 'state', FINAL)
    return tonumber(call('HGET', key, 'revision'))
end

local withdraw -- parts.lua

-- Ends what its sender says is over: the alert and what waits of it, or what is its own of it.
local function finish(prefix, id, m)
    local known = call('HMGET', prefix .. 'alert:' .. id, 'state', 'parted', 'waits')
    if known[2] then
        return withdraw(prefix, id, id, m)
    elseif known[3] then
        drop_waiting(prefix, id)
    end
    return end_alert(prefix, id, tonumber(known[1]), m)
end

-- Cancelled before it came: nothing was told of it, nothing is to be told.
local function bury(prefix, id, m)
    local until_ms = math.max(m.expires, m.now) + m.absence
    call('HSET', prefix .. 'alert:' .. id, 'revision', 1, 'done', 1, 'state', FINAL, 'expires', m.expires, 'until',
        until_ms)
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
    local status, revision = sub(alias, 25, 40) == digest and REPEAT or CONFLICT, unpack('>I4', alias, 41)
    local part = #alias == PART_SIZE and alias or call('GET', prefix .. 'alias:' .. target)
    if part and #part == PART_SIZE then
        return { status, sub(part, 1, 24), revision, IS_MERGED }
    end
    return { status, target, revision }
end
