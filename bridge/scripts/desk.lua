-- What there is of an agency's own, for its desk. All under the agency's tag: its alerts (own:, alert.lua), what waits of
-- them, its footage requests and closed cases (footage_stage.lua), its programmes of rewards (tip.lua).

local DESK_BYTES, DESK_ALERTS, DESK_REQUESTS, DESK_CASES, DESK_PROGRAMMES, DESK_GRANTS = 262144, 50, 100, 500, 100, 500

-- An alert as it stands, and as it waits: public id, 1 when it waits, revision, officer, when, body. Nothing of one that is
-- over.
local function desk_alert(prefix, id, list)
    local key = prefix .. 'alert:' .. id
    local known = call('HMGET', key, 'state', 'revision', 'shown', 'officer', 'waits')
    local size = 0
    if tonumber(known[1]) == IN_FORCE then
        local body, of = call('HGET', key, 'b' .. known[3]), call('HGET', key, 's' .. known[2])
        local _, at = unpack(REVISION, of)
        put(list, { id, 0, tonumber(known[2]), known[4] or '', at, body })
        size = #body
    end
    if known[5] then
        local back = call('HMGET', prefix .. 'wait:' .. id, 'revision', 'officer', 'at', 'body')
        put(list, { id, 1, tonumber(back[1]), back[2], tonumber(back[3]), back[4] })
        size = size + #back[4]
    end
    return size
end

-- From that place in the order on. Returns them, and where the next part begins.
local function desk_alerts(prefix, agency, now, from)
    local list, own, bytes = {}, prefix .. 'own:' .. agency, 0
    call('ZREMRANGEBYSCORE', own, '-inf', now)
    local ids = call('ZRANGE', own, from, from + DESK_ALERTS - 1)
    for i, id in ipairs(ids) do
        bytes = bytes + desk_alert(prefix, id, list)
        if bytes > DESK_BYTES then
            return list, call('ZCARD', own) > from + i and tostring(from + i) or ''
        end
    end
    return list, #ids == DESK_ALERTS and tostring(from + DESK_ALERTS) or ''
end

-- Each: body, officer, when, until.
local function desk_requests(prefix, agency)
    local list = {}
    for _, id in ipairs(call('ZREVRANGE', prefix .. 'footage_of:' .. agency, 0, DESK_REQUESTS - 1)) do
        local known = call('HMGET', prefix .. 'footage:' .. id, 'body', 'officer', 'at', 'until')
        if known[1] then
            put(list, { known[1], known[2] or '', tonumber(known[3]), tonumber(known[4]) })
        end
    end
    return list
end

-- Number and outcome, one after the other.
local function desk_closed(prefix, agency)
    local list, all = {}, call('HGETALL', prefix .. 'cases:' .. agency)
    for i = 1, #all, 2 do
        if sub(all[i], 1, 1) == 'c' and #list < 2 * DESK_CASES then
            put(list, sub(all[i], 2), tonumber(all[i + 1]))
        end
    end
    return list
end

-- Each: name, words, stock, given, and its grants: conversation, number, 1 when it was handed in.
local function desk_programmes(prefix, agency)
    local list = {}
    for i, name in ipairs(call('SMEMBERS', prefix .. 'programmes:' .. agency)) do
        local key, grants = prefix .. 'programme:' .. agency .. '/' .. name, {}
        local known, all = call('HMGET', key, 'reward', 'stock', 'given'), call('HGETALL', key)
        for at = 1, i <= DESK_PROGRAMMES and #all or 0, 2 do
            if sub(all[at], 1, 1) == 'v' and #grants < 3 * DESK_GRANTS then
                put(grants, sub(all[at], 2), tonumber(all[at + 1]), call('HEXISTS', key, 'u' .. all[at + 1]))
            end
        end
        if i <= DESK_PROGRAMMES then
            put(list, { name, known[1] or '', tonumber(known[2] or 0), tonumber(known[3] or 0), grants })
        end
    end
    return list
end

-- Key: the list of its alerts. Arguments: agency, now, where the part begins ('': the first). Answers where the next one
-- begins, alerts, requests, closed cases, programmes.
local function desk(keys, args)
    local prefix, agency, first = sub(keys[1], 1, 9), args[1], args[3] == ''
    local alerts, next_part = desk_alerts(prefix, agency, tonumber(args[2]), tonumber(args[3]) or 0)
    return { next_part, alerts, first and desk_requests(prefix, agency) or {}, first and desk_closed(prefix, agency) or {},
        first and desk_programmes(prefix, agency) or {} }
end

register('nb_desk', desk)
