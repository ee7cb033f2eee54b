-- Handing a resident what is held about the household (bridge/store_export.c): each function reads a part of it, under one tag,
-- or on one Redis under several.

local INBOX_MOST = 200 -- notes of a session
local STEP_IDS = 128 -- alerts and requests that are looked at in one call

local function note(list, what, by, about, text, at, data)
    list[#list + 1] = { what, by, about, text, at, data or '' }
end

-- Key: the household's settings. Answers them, and notes.
local function home(keys)
    local prefix, notes = prefix_of(keys[1]), {}
    for _, request in ipairs(call('HKEYS', prefix .. 'asked')) do
        note(notes, 'footage-request', '', request, '', '0')
    end
    return { call('HMGET', keys[1], 'version', 'sharing', 'zone', 'retention', 'footage'), notes }
end

-- Key: the principal. Argument: its name. Answers that, what is known of it, its clients, and what waits in its inboxes.
local function about(keys, args)
    local prefix, notes = prefix_of(keys[1]), {}
    local known = call('HMGET', keys[1], 'number', 'place', 'fine', 'former', 'since', 'enrolled', 'verified', 'revoked', 'share')
    for i = 1, #known do
        known[i] = known[i] or ''
    end
    local clients = call('SMEMBERS', prefix .. 'clients')
    for _, client in ipairs(clients) do
        for _, entry in ipairs(call('XRANGE', prefix .. 'in:' .. client, '-', '+', 'COUNT', INBOX_MOST)) do
            local suffix, at = unpack('>Bc0', entry[2][2], 9)
            note(notes, 'inbox', args[1], suffix, client, string.match(entry[1], '%d+'), sub(entry[2][2], at))
        end
    end
    return { args[1], known, clients, notes }
end

-- Keys: logs of the household, of regions that follow one another. Arguments: how many entries, where the first log begins.
-- Answers entries, each with its log's place among the keys, counted from 0, its id, its records.
local function events(keys, args)
    local room, answer = tonumber(args[1]), {}
    for i, key in ipairs(keys) do
        local found = room > 0 and call('XRANGE', key, i == 1 and args[2] or '-', '+', 'COUNT', room) or {}
        for _, entry in ipairs(found) do
            answer[#answer + 1] = { i - 1, entry[1], entry[2][2] }
        end
        room = room - #found
    end
    return answer
end

local FLAG = '^(%d+) (%d+) (.*)$'

local function of_alert(prefix, id, w, answer)
    local key, parts = prefix .. 'alert:' .. id, prefix .. 'parts:' .. id
    local known = call('HMGET', key, 'household', 'shown')
    if known[1] == w.household and known[2] then
        answer.alerts[#answer.alerts + 1] = call('HGET', key, 'b' .. known[2])
    end
    local back = call('HMGET', prefix .. 'wait:' .. id, 'household', 'body')
    if back[1] == w.household then
        answer.alerts[#answer.alerts + 1] = back[2]
    end
    for _, field in ipairs(call('HKEYS', parts)) do
        local report = string.match(field, '^w(.+)$')
        local _, _, household = unpack('>sss', report and call('HGET', parts, field) or '\0\0\0')
        if report and household == w.household then
            answer.alerts[#answer.alerts + 1] = call('HGET', parts, 'b' .. report)
        end
    end
    local seen, flagged = call('HGET', prefix .. 'seen:' .. id, w.household), call('HGET', prefix .. 'flags:' .. id, w.household)
    if seen then
        local at, remark = string.match(seen, '^(%d+) (.*)$')
        note(answer.notes, 'witness', '', id, remark, at)
    end
    if flagged then
        local _, at, remark = string.match(flagged, FLAG)
        note(answer.notes, 'flag', '', id, remark, at)
    end
end

local function of_request(prefix, id, w, answer)
    for _, clip in ipairs(call('HKEYS', prefix .. 'clips:' .. id)) do
        local state = call('HGET', prefix .. 'clips:' .. id, clip)
        if string.find(state, w.household, 1, true) then
            note(answer.notes, 'footage-answer', '', id, clip, '0', call('HGET', prefix .. 'sealed:' .. id, clip) or '')
        end
    end
end

local function of_tips(prefix, w, answer)
    for _, name in ipairs(w.members) do
        for _, id in ipairs(call('ZRANGE', prefix .. 'tips:' .. name, 0, -1)) do
            note(answer.notes, 'tip', name, id, call('HGET', prefix .. 'tip:' .. id, 'agency') or '', '0')
        end
    end
end

-- The lists of a tag that name what is in it.
local LISTS = { { 'tombs', of_alert }, { 'footage_due', of_request } }

-- The place behind that member of a list; one that is not where it was is looked for by its score.
local function place_behind(key, at)
    if at.id == '' then
        return 0
    end
    local rank = call('ZSCORE', key, at.id) == at.score and call('ZRANK', key, at.id)
    return rank and rank + 1 or call('ZCOUNT', key, '-inf', '(' .. at.score)
end

-- Goes through a tag from `at` on, as far as there is room. Returns the room that is left; `at` tells how far it is.
local function through_tag(prefix, at, w, answer, room)
    while at.list <= #LISTS and room > 0 do
        local key = prefix .. LISTS[at.list][1]
        local from = place_behind(key, at)
        local found = call('ZRANGE', key, from, from + room - 1, 'WITHSCORES')
        for i = 1, #found, 2 do
            LISTS[at.list][2](prefix, found[i], w, answer)
        end
        room = room - #found / 2
        if room > 0 then
            at.list, at.score, at.id = at.list + 1, '0', ''
        else
            at.score, at.id = found[#found], found[#found - 1]
        end
    end
    if at.list > #LISTS then
        of_tips(prefix, w, answer)
    end
    return room
end

-- Keys: of senders' tags that follow one another. Arguments: household, where the first begins (list, score, id; '1', '0', '':
-- at the beginning), then the members. Answers bodies of alerts, notes (what, by, about, text, at, data), and where to go on:
-- the key's place, counted from 0 (as many as there are keys: all is done), list, score, id.
local function said(keys, args)
    local w, answer = { household = args[1], members = { select(5, spread(args)) } }, { alerts = {}, notes = {} }
    local at, room = { list = tonumber(args[2]), score = args[3], id = args[4] }, STEP_IDS
    for i, key in ipairs(keys) do
        room = through_tag(prefix_of(key), at, w, answer, room)
        if at.list <= #LISTS then
            return { answer.alerts, answer.notes, i - 1, at.list, at.score, at.id }
        end
        at = { list = 1, score = '0', id = '' }
    end
    return { answer.alerts, answer.notes, #keys, 1, '0', '' }
end

register('nb_export_home', home, { 'no-writes' })
register('nb_export_principal', about, { 'no-writes' })
register('nb_export_events', events, { 'no-writes' })
register('nb_export_said', said, { 'no-writes' })
