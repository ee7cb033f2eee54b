-- Alerts as they are read: revisions, documents, the agencies' list.

local NO_REVISION = '\3\0\0\0\0\0\0\0\0\0\0\0\0\0\1' -- of one that never came, or whose state is not kept
local WHAT_WAITS = 4294967295 -- asked for in place of a revision

-- What waits, as a record; NOT_FOUND when nothing does.
local function load_waiting(prefix, id)
    local m = waiting(prefix, id, 0, 0)
    if not m then
        return { NOT_FOUND }
    end
    local held = tonumber(call('HGET', prefix .. 'alert:' .. id, 'state')) == HELD
    return { OK, m.revision, 0, m.expires, m.body, m.truth, m.severity, 1, held and 1 or 0, held and 0 or 1,
        m.document ~= '' and 1 or 0, m.sender, m.household, m.officer, m.at }
end

-- The body of the revision: its own, or the nearest before it, or behind it.
local function body_of(key, revision, newest)
    for n = revision, math.max(1, revision - KEPT), -1 do
        local body = call('HGET', key, 'b' .. n)
        if body then
            return body
        end
    end
    for n = revision + 1, newest do
        local body = call('HGET', key, 'b' .. n)
        if body then
            return body
        end
    end
    return ''
end

-- Key: the alert. Arguments: its public id, the revision (0: the newest). Answers NOT_FOUND, or OK, revision, in force,
-- expires, body, truth, severity, reports in it, 1 when it is held and 2 when it is removed, pending, has a document,
-- sender, household, officer, when it was stored, areas …
local function load(keys, args)
    local key, prefix, id = keys[1], sub(keys[1], 1, 9), args[1]
    local known = call('HMGET', key, 'revision', 'expires', 'areas', 'state', 'document_revision', 'sender', 'household',
        'officer', 'removed')
    local newest, revision = tonumber(known[1] or 0), tonumber(args[2])
    if newest == 0 or revision == WHAT_WAITS then
        return load_waiting(prefix, id)
    end
    if revision == 0 or revision > newest then
        revision = newest
    end
    local state, at, truth, severity, merged = unpack(REVISION, call('HGET', key, 's' .. revision) or NO_REVISION)
    local held = tonumber(known[4]) == HELD
    local answer = { OK, revision, state == IN_FORCE and 1 or 0, known[2], body_of(key, revision, newest), truth,
        severity, merged, known[9] and 2 or held and 1 or 0,
        not held and call('EXISTS', prefix .. 'wait:' .. id) or 0, known[5] and 1 or 0,
        known[6] or '', known[7] or '', known[8] or '', at }
    for _, began in ipairs(words(known[3])) do
        if tonumber(began) < revision then
            answer[#answer + 1] = call('HGET', key, 'a' .. began)
        end
    end
    return answer
end

-- Key: the alert. Answers NOT_FOUND, or OK, the document's revision, whether the alert is in force, when it was stored,
-- the document, its type.
local function document(keys)
    local known = call('HMGET', keys[1], 'document', 'document_revision', 'document_at', 'document_type', 'state')
    if not known[1] then
        return { NOT_FOUND }
    end
    return { OK, tonumber(known[2]), tonumber(known[5]) == IN_FORCE and 1 or 0, known[3], known[1], known[4] }
end

-- Key: a tag's list of agencies' alerts in force. Answers public id, revision, since when it is this revision, and again.
local function agency_alerts(keys)
    local prefix, answer = sub(keys[1], 1, 9), {}
    local all = call('ZRANGE', keys[1], 0, -1, 'WITHSCORES')
    for i = 1, #all, 2 do
        put(answer, all[i], tonumber(call('HGET', prefix .. 'alert:' .. all[i], 'revision')), all[i + 1])
    end
    return answer
end

register('nb_load', load, { 'no-writes' })
register('nb_document', document, { 'no-writes' })
register('nb_agency', agency_alerts, { 'no-writes' })
