-- Reports that are in an alert (report.lua tells how they came there): what the alert is by them, and how each sender
-- changes or takes back its own.
--
-- nb:{sXX}:parts:<public id of the alert>, a hash: order (the public ids of the reports that are in it, the first one's
-- body is shown), head (the one whose body was shown last), u<sender> and h<household> of all that ever were in it, and
-- for each report p<id>: state, severity, expires, digest of the last message; b<id>, a<id>, c<id>, w<id>: body, area,
-- channels, who sent it (none for the alert's own: it has them itself).

local REPORT, LIVE, WITHDRAWN = '>BBI8c16', 1, 2
local WHO = '>sss'

local function put_part(key, id, m)
    call('HSET', key, 'p' .. id, pack(REPORT, LIVE, m.severity, m.expires, m.digest), 'b' .. id, m.body, 'a' .. id, m.area,
        'c' .. id, m.cover, 'w' .. id, pack(WHO, m.sender, m.client, m.household), 'u' .. m.sender, 1, 'h' .. m.household, 1)
end

-- The alert's own report becomes the first of its parts.
local function begin_parts(prefix, lead)
    local key, parts = prefix .. 'alert:' .. lead, prefix .. 'parts:' .. lead
    local known = call('HMGET', key, 'about', 'expires', 'digest', 'sender', 'household')
    local _, severity = unpack(ABOUT, known[1] or ABOUT_NOTHING)
    call('HSET', parts, 'order', lead, 'head', lead, 'p' .. lead, pack(REPORT, LIVE, severity, tonumber(known[2]), known[3]),
        'u' .. (known[4] or ''), 1, 'h' .. (known[5] or ''), 1)
    call('HSET', key, 'parted', 1)
end

-- What the alert is by its parts: worst severity, latest end, how many; nothing when there is none.
local function sum_of(parts)
    local order = words(call('HGET', parts, 'order'))
    local severity, expires = 0, 0
    for _, id in ipairs(order) do
        local _, its_severity, its_expires = unpack(REPORT, call('HGET', parts, 'p' .. id))
        severity, expires = math.max(severity, its_severity), math.max(expires, its_expires)
    end
    return { severity = severity, expires = expires, merged = #order }, order[1]
end

-- Fills m with the report's own body and sender.
local function show(parts, id, m)
    local known = call('HMGET', parts, 'b' .. id, 'a' .. id, 'c' .. id, 'w' .. id)
    m.body, m.area, m.cover = known[1], known[2], known[3]
    m.sender, m.client, m.household = unpack(WHO, known[4])
    m.officer = ''
end

-- The alert becomes what its parts are now. `changed` is a part with a new body, or nil; `revive`: what had expired lives
-- again. Answers its newest revision.
local function settle(prefix, lead, m, changed, revive)
    local key, parts = prefix .. 'alert:' .. lead, prefix .. 'parts:' .. lead
    local known = call('HMGET', key, 'state', 'revision', 'about', 'expires')
    local state, revision = tonumber(known[1]), tonumber(known[2])
    local sum, head = sum_of(parts)
    local new_body = head ~= call('HGET', parts, 'head') or head == changed
    local truth = unpack(ABOUT, known[3])
    local about = pack(ABOUT, truth, sum.severity, sum.merged)
    sum.now, sum.absence = m.now, m.absence
    if new_body then
        show(parts, head, sum)
        call('HSET', parts, 'head', head)
    end
    if state == IN_FORCE or (state == EXPIRED and revive and sum.expires > m.now) then
        if new_body or about ~= known[3] or sum.expires ~= tonumber(known[4]) or state == EXPIRED then
            revision = revise(prefix, lead, IN_FORCE, sum)
        end
        return revision
    end
    call('HSET', key, 'about', about, 'expires', sum.expires)
    if state == HELD and new_body then
        sum.truth, sum.document, sum.document_type = truth, '', ''
        keep_back(prefix, lead, sum)
    end
    return revision
end

-- Takes one report out of the alert; with the last one it ends.
function withdraw(prefix, lead, id, m)
    local parts = prefix .. 'parts:' .. lead
    local known = call('HGET', parts, 'p' .. id)
    local digest = known and sub(known, -16) or string.rep('\0', 16)
    call('HSET', parts, 'p' .. id, pack(REPORT, WITHDRAWN, 0, 0, digest))
    if not known or byte(known) == WITHDRAWN then
        return tonumber(call('HGET', prefix .. 'alert:' .. lead, 'revision'))
    end
    call('HDEL', parts, 'b' .. id, 'a' .. id, 'c' .. id, 'w' .. id)
    local left = {}
    for _, other in ipairs(words(call('HGET', parts, 'order'))) do
        if other ~= id then
            left[#left + 1] = other
        end
    end
    call('HSET', parts, 'order', concat(left, ' '))
    if #left == 0 then
        local state = tonumber(call('HGET', prefix .. 'alert:' .. lead, 'state'))
        drop_waiting(prefix, lead)
        return end_alert(prefix, lead, state, { now = m.now, absence = m.absence })
    end
    return settle(prefix, lead, m)
end

-- The alert's own sender updates its report: m becomes what the alert will be. False when it was withdrawn.
function update_own_part(prefix, lead, m)
    local parts = prefix .. 'parts:' .. lead
    if byte(call('HGET', parts, 'p' .. lead)) == WITHDRAWN then
        return false
    end
    call('HSET', parts, 'p' .. lead, pack(REPORT, LIVE, m.severity, m.expires, m.digest))
    local sum = sum_of(parts)
    m.severity, m.expires = sum.severity, sum.expires
    return true
end

-- Key: the alert. Arguments: act (2 update, 3 cancel), its public id, the part, the message. Answers NOT_FOUND when it
-- has no such part, DEAD when that was withdrawn or the alert is ended for good, or OK; and the alert's revision.
local function part(keys, args)
    local prefix, act, lead, id, m = sub(keys[1], 1, 9), tonumber(args[1]), args[2], args[3], read_message(args, 4)
    local parts, state = prefix .. 'parts:' .. lead, tonumber(call('HGET', keys[1], 'state'))
    if not state then
        return { NOT_FOUND, 0 }
    elseif act == 3 then
        return { OK, withdraw(prefix, lead, id, m) }
    end
    local known, revision = call('HGET', parts, 'p' .. id), tonumber(call('HGET', keys[1], 'revision'))
    if not known then
        return { NOT_FOUND, 0 }
    elseif byte(known) == WITHDRAWN or state == FINAL then
        return { DEAD, revision }
    elseif sub(known, -16) == m.digest then
        return { OK, revision }
    end
    put_part(parts, id, m)
    return { OK, settle(prefix, lead, m, id, true) }
end

register('nb_part', part)
