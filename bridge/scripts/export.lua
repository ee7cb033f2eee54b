-- Handing a resident what is held about the household, a page at a time. Where the next page begins: '' at the beginning; "l",
-- region and entry in the logs; "k" and a cursor among all other keys.

local ENTRIES, KEYS, INBOX_MOST = 4, 512, 200 -- of a page

local function note(list, what, by, about, text, at, data)
    list[#list + 1] = { what, by, about, text, at, data or '' }
end

-- Its settings, everybody in it, and what waits in the inboxes of those.
local function about_household(household, answer)
    answer.settings = call('HMGET', 'nb:{h:' .. household .. '}:settings', 'version', 'sharing', 'zone', 'retention', 'footage')
    for _, name in ipairs(call('SMEMBERS', 'nb:{h:' .. household .. '}:members')) do
        local prefix = 'nb:{p:' .. name .. '}:'
        local known = call('HMGET', prefix .. 'principal', 'number', 'place', 'fine', 'former', 'since', 'enrolled',
            'verified', 'revoked', 'share')
        for i = 1, #known do
            known[i] = known[i] or ''
        end
        local clients = call('SMEMBERS', prefix .. 'clients')
        answer.principals[#answer.principals + 1] = { name, known, clients }
        for _, client in ipairs(clients) do
            for _, entry in ipairs(call('XRANGE', prefix .. 'in:' .. client, '-', '+', 'COUNT', INBOX_MOST)) do
                local suffix, at = unpack('>Bc0', entry[2][2], 9)
                note(answer.notes, 'inbox', name, suffix, client, string.match(entry[1], '%d+'), sub(entry[2][2], at))
            end
        end
    end
    for _, request in ipairs(call('HKEYS', 'nb:{h:' .. household .. '}:asked')) do
        note(answer.notes, 'footage-request', '', request, '', '0')
    end
end

-- Entries of the logs from that region and entry on. Returns where the next page begins.
local function some_events(household, region, from, answer)
    local room = ENTRIES
    while region < 256 do
        local entries = call('XRANGE', REGION[region] .. 'log:' .. household, from, '+', 'COUNT', room)
        for _, entry in ipairs(entries) do
            answer.events[#answer.events + 1] = { string.match(entry[1], '%d+'), entry[2][2] }
        end
        room = room - #entries
        if room <= 0 then
            return 'l ' .. region .. ' (' .. entries[#entries][1]
        end
        region, from = region + 1, '-'
    end
    return 'k 0'
end

local FLAG = '^(%d+) (%d+) (.*)$'

-- What one key holds of the household.
local HELD_BY = {
    alert = function(key, _, id, w, answer)
        local known = call('HMGET', key, 'household', 'shown')
        if known[1] == w.household and known[2] then
            answer.alerts[#answer.alerts + 1] = call('HGET', key, 'b' .. known[2])
        end
    end,
    wait = function(key, _, _, w, answer)
        local known = call('HMGET', key, 'household', 'body')
        if known[1] == w.household then
            answer.alerts[#answer.alerts + 1] = known[2]
        end
    end,
    parts = function(key, _, _, w, answer)
        for _, field in ipairs(call('HKEYS', key)) do
            local id = string.match(field, '^w(.+)$')
            local _, _, household = unpack('>sss', id and call('HGET', key, field) or '\0\0\0')
            if id and household == w.household then
                answer.alerts[#answer.alerts + 1] = call('HGET', key, 'b' .. id)
            end
        end
    end,
    seen = function(key, _, id, w, answer)
        local said = call('HGET', key, w.household)
        if said then
            local at, remark = string.match(said, '^(%d+) (.*)$')
            note(answer.notes, 'witness', '', id, remark, at)
        end
    end,
    flags = function(key, _, id, w, answer)
        local said = call('HGET', key, w.household)
        if said then
            local _, at, remark = string.match(said, FLAG)
            note(answer.notes, 'flag', '', id, remark, at)
        end
    end,
    clips = function(key, prefix, id, w, answer)
        for _, clip in ipairs(call('HKEYS', key)) do
            local state = call('HGET', key, clip)
            if string.find(state, w.household, 1, true) then
                note(answer.notes, 'footage-answer', '', id, clip, '0', call('HGET', prefix .. 'sealed:' .. id, clip) or '')
            end
        end
    end,
    tip = function(key, _, id, w, answer)
        local known = call('HMGET', key, 'sender', 'agency')
        if w.members[known[1] or ''] then
            note(answer.notes, 'tip', known[1], id, known[2] or '', '0')
        end
    end,
}

local function some_keys(cursor, w, answer)
    local found = call('SCAN', cursor, 'MATCH', 'nb:{s*', 'COUNT', KEYS)
    for _, key in ipairs(found[2]) do
        local prefix, part, rest = string.match(key, '^(nb:{s%x+}:)([%a_]+):(.*)$')
        if prefix and HELD_BY[part] then
            HELD_BY[part](key, prefix, rest, w, answer)
        end
    end
    return found[1] == '0' and '' or 'k ' .. found[1]
end

-- The household's devices: number, id, and again.
local function device_names(members)
    local names = {}
    for _, name in ipairs(members) do
        local id = string.match(name, '^device/(.+)$')
        if id then
            names[#names + 1] = call('HGET', 'nb:{p:' .. name .. '}:principal', 'number') or '0'
            names[#names + 1] = id
        end
    end
    return names
end

-- Arguments: household, where the page begins. Answers where the next one does ('': nowhere), settings (none but on the
-- first), principals, the devices' numbers and ids, events (when stored, records as the log has them), bodies of alerts, notes
-- (what, by, about, text, at, data).
local function export(_, args)
    local household, page = args[1], args[2]
    local answer = { settings = {}, principals = {}, events = {}, alerts = {}, notes = {} }
    local members = call('SMEMBERS', 'nb:{h:' .. household .. '}:members')
    local w, next_page = { household = household, members = {} }, ''
    for _, name in ipairs(members) do
        w.members[name] = true
    end
    local region, from = string.match(page, '^l (%d+) ([-(%d]+)$')
    local cursor = string.match(page, '^k (%d+)$')
    if region then
        next_page = some_events(household, tonumber(region), from, answer)
    elseif cursor then
        next_page = some_keys(cursor, w, answer)
    else
        about_household(household, answer)
        next_page = 'l 0 -'
    end
    return { next_page, answer.settings, answer.principals, device_names(members), answer.events, answer.alerts, answer.notes }
end

register('nb_export', export, { 'no-writes' })
