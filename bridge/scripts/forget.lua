-- Forgetting: what a resident wants deleted goes for good, a bounded piece at a time, whatever is killed meanwhile.
--   nb:{forget}:queue       list of the numbers of what is to be forgotten; the first is at work
--   nb:{forget}:work:<n>    hash: household, by, client, devices (ids parted by blanks; '': all), from, to (ms), alerts,
--                           account, enrolment (0 or 1), name (the sender's for it), asked (ms), step, at (where the step
--                           goes on), numbers and members once they are known, and what is gone so far: events, ended,
--                           principals
-- Survivors of a log are written to a new key, which then takes the old one's name: deleting entries of a stream frees
-- nothing and leaves them on disk. When all steps are done the append-only file is rewritten (bridge/store_forget.c); then
-- the receipt goes out, and the work leaves the queue.

local STEP_ENTRIES = 500 -- of a log, in one call
local STEP_KEYS = 256    -- of the whole keyspace

local function split(text)
    local set = {}
    for word in string.gmatch(text or '', '%S+') do
        set[word] = true
    end
    return set
end

-- The devices' numbers in the household; an id of somebody else's device is no device of it.
local function device_numbers(w)
    local numbers = {}
    for id in pairs(split(w.devices)) do
        local known = call('HMGET', 'nb:{p:device/' .. id .. '}:principal', 'household', 'number')
        if known[1] == w.household and known[2] then
            numbers[#numbers + 1] = known[2]
        end
    end
    return concat(numbers, ' ')
end

-- What stays of an entry of a log: the records of other devices and times. Returns it, and how many go.
local function survivors(log, w, numbers)
    local kept, gone, at = {}, 0, 1
    while at <= #log do
        local stop = at + byte(log, at)
        local number = byte(log, at + 3) + 256 * byte(log, at + 4)
        local ms = unpack('<I6', log, at + 7)
        if (w.devices == '' or numbers[tostring(number)]) and ms >= w.from and ms <= w.to then
            gone = gone + 1
        else
            kept[#kept + 1] = sub(log, at, stop)
        end
        at = stop + 1
    end
    return concat(kept), gone
end

-- Goes through one log from the entry behind `w.at`. Returns true when it is done.
local function forget_log(key, w, numbers, gone)
    local new = key .. ':new'
    if w.at == '' then
        call('DEL', new)
    end
    local entries = call('XRANGE', key, w.at == '' and '-' or '(' .. w.at, '+', 'COUNT', STEP_ENTRIES)
    for _, entry in ipairs(entries) do
        local kept, out = survivors(entry[2][2], w, numbers)
        gone.events = gone.events + out
        if kept ~= '' then
            call('XADD', new, entry[1], 'e', kept)
        end
        w.at = entry[1]
    end
    if #entries == STEP_ENTRIES then
        return false
    end
    call('DEL', key)
    if call('EXISTS', new) == 1 then
        call('RENAME', new, key)
    end
    w.at = ''
    return true
end

-- Takes what waits for publication.
local function forget_pending(prefix, w, numbers)
    local key = prefix .. 'pend'
    local members, kept, touched = call('LRANGE', key, 0, -1), {}, false
    for _, member in ipairs(members) do
        local _, _, _, household, _, _, at = unpack('>I8I8HBc0Bc0Bc0', member)
        local records, before = {}, #member
        for from = household == w.household and at or before + 1, before, WAITING do
            local number, seconds = unpack('>HI4', member, from + RECORD)
            if (w.devices == '' or numbers[tostring(number)]) and seconds * 1000 >= w.from - 999
                and seconds * 1000 <= w.to then
                touched = true
            else
                records[#records + 1] = sub(member, from, from + WAITING - 1)
            end
        end
        if household ~= w.household then
            kept[#kept + 1] = member
        elseif records[1] then
            kept[#kept + 1] = sub(member, 1, at - 1) .. concat(records)
        end
    end
    if touched then
        call('DEL', key)
        for _, member in ipairs(kept) do
            call('RPUSH', key, member)
        end
    end
end

-- An alert of a resident: it ends everywhere, and of what it said nothing stays but what its followers need to learn that
-- it ended.
local function forget_alert(prefix, id, m)
    local key = prefix .. 'alert:' .. id
    finish(prefix, id, m)
    local known = call('HMGET', key, 'areas', 'shown')
    local began = words(known[1])
    local area = #began > 0 and call('HGET', key, 'a' .. began[#began])
    for _, field in ipairs(call('HKEYS', key)) do
        if string.match(field, '^b%d+$') then
            call('HDEL', key, field)
        end
    end
    if area and known[2] then
        call('HSET', key, 'b' .. known[2], area)
    end
    call('HDEL', key, 'sender', 'client', 'household', 'officer', 'document', 'document_type', 'document_revision',
        'document_at', 'appeal', 'appealed', 'held_by')
    call('DEL', prefix .. 'wait:' .. id)
end

local function begins(key, prefix)
    return sub(key, 1, #prefix) == prefix
end

-- Fields of a hash, and members of a set, that are the household's.
local function forget_fields(key, household)
    local kind = call('TYPE', key).ok
    if kind == 'hash' then
        call('HDEL', key, household)
    elseif kind == 'zset' then
        call('ZREM', key, household)
    elseif kind == 'set' then
        call('SREM', key, household)
    end
end

-- What the household's fixed repeat state, cooldowns and clips begin with.
local function forget_prefixed(key, names)
    for _, field in ipairs(call('HKEYS', key)) do
        local name = string.match(field, '^[^%z]+%z') or string.match(field, '^[^/]+/')
        if name and names[name] then
            call('HDEL', key, field)
        end
    end
end

-- One key of all there are, when a household goes, or what its members said does.
local function forget_key(key, w, m, gone)
    local by = w.account == '1' and 'household' or 'sender'
    local wanted = w.account == '1' and w.household or w.by
    local prefix, part, rest = string.match(key, '^(nb:{.-}:)([%a_]+):?(.*)$')
    if part == 'alert' and begins(key, 'nb:{s') then
        if call('HGET', key, by) == wanted then
            forget_alert(prefix, rest, m)
            gone.ended = gone.ended + 1
        end
    elseif part == 'wait' and begins(key, 'nb:{s') then
        if call('HGET', key, by) == wanted then
            call('DEL', key)
        end
    elseif part == 'seen' or part == 'flags' or part == 'asked' or part == 'ask' or part == 'parts' then
        forget_fields(key, part == 'parts' and 'h' .. w.household or w.household)
    elseif part == 'limit' then
        if w.members[rest] then
            call('DEL', key)
        end
    elseif w.account ~= '1' then
        return
    elseif part == 'seq' then
        forget_prefixed(key, w.prefixes)
    elseif part == 'cool' then
        forget_prefixed(key, { [w.household .. '/'] = true })
    elseif part == 'askable' and begins(key, 'nb:{r') then
        call('HDEL', key, w.household)
    end
end

-- What is kept under somebody's own tag. Whoever asked keeps the session that the receipt comes to, and a name to come back
-- with, for a week; nothing else is known of it.
local function forget_principal(name, w)
    local prefix, keep = 'nb:{p:' .. name .. '}:', name == w.by and w.client or nil
    for _, client in ipairs(call('SMEMBERS', prefix .. 'clients')) do
        if client ~= keep then
            call('DEL', prefix .. 's:' .. client, prefix .. 'q2:' .. client, prefix .. 'in:' .. client,
                prefix .. 'inlo:' .. client)
        end
    end
    call('DEL', prefix .. 'principal', prefix .. 'board', prefix .. 'down', prefix .. 'instances')
    if keep then
        call('HSET', prefix .. 'principal', 'household', '', 'share', 0, 'enrolled', string.format('%.0f', w.asked))
        call('EXPIRE', prefix .. 'principal', 604800)
        call('DEL', prefix .. 'in:' .. keep)
    else
        call('DEL', prefix .. 'clients', prefix .. 'boxes')
    end
    call('PUBLISH', 'nb:principals', name)
end

-- The steps, in order. Each returns true when it is done.
local STEPS = {
    -- Everybody of the household goes, so that nothing comes behind what is deleted.
    function(w, gone)
        w.numbers = device_numbers(w)
        local members = {}
        for _, name in ipairs(call('SMEMBERS', 'nb:{h:' .. w.household .. '}:members')) do
            local id = string.match(name, '^device/(.+)$')
            if w.account == '1' or (w.enrolment == '1' and id and split(w.devices)[id]) then
                members[#members + 1] = name
                forget_principal(name, w)
                call('SREM', 'nb:{h:' .. w.household .. '}:members', name)
                gone.principals = gone.principals + 1
            end
        end
        w.gone = concat(members, ' ')
        if members[1] then
            settle_household(w.household, true)
        end
        return true
    end,
    -- Logs, of all regions.
    function(w, gone)
        local numbers = split(w.numbers)
        if w.devices ~= '' and w.numbers == '' then
            return true
        end
        while w.region < 256 do
            local key = REGION[w.region] .. 'log:' .. w.household
            if call('EXISTS', key) == 1 and not forget_log(key, w, numbers, gone) then
                return false
            end
            forget_pending(REGION[w.region], w, numbers)
            w.region = w.region + 1
        end
        return true
    end,
    -- Everything else, by looking at every key there is.
    function(w, gone, m)
        if w.account ~= '1' and w.alerts ~= '1' then
            return true
        end
        w.members, w.prefixes = split(w.gone), {}
        w.members[w.by] = true
        for name in pairs(w.members) do
            w.prefixes[name .. '\0'] = true
        end
        local found = call('SCAN', w.at == '' and '0' or w.at, 'MATCH', 'nb:{[rsq]*', 'COUNT', STEP_KEYS)
        for _, key in ipairs(found[2]) do
            forget_key(key, w, m, gone)
        end
        w.at = found[1] == '0' and '' or found[1]
        return w.at == ''
    end,
    -- The household itself.
    function(w)
        if w.account == '1' then
            local prefix = 'nb:{h:' .. w.household .. '}:'
            for _, part in ipairs({ 'household', 'members', 'leaves', 'settings', 'askable', 'asked', 'attempts', 'invited' }) do
                call('DEL', prefix .. part)
            end
        end
        return true
    end,
}

local function read_work(number)
    local pairs_, w = call('HGETALL', 'nb:{forget}:work:' .. number), {}
    for i = 1, #pairs_, 2 do
        w[pairs_[i]] = pairs_[i + 1]
    end
    for _, field in ipairs({ 'from', 'to', 'asked', 'step', 'region', 'events', 'ended', 'principals' }) do
        w[field] = tonumber(w[field] or 0)
    end
    return w
end

-- Arguments: household, by, client, devices, from, to, alerts, account, enrolment, name, now. OK.
local function add(_, args)
    local number = call('INCR', 'nb:{forget}:last')
    call('HSET', 'nb:{forget}:work:' .. number, 'household', args[1], 'by', args[2], 'client', args[3], 'devices', args[4],
        'from', args[5], 'to', args[6], 'alerts', args[7], 'account', args[8], 'enrolment', args[9], 'name', args[10],
        'asked', args[11], 'step', 1, 'at', '', 'region', 0)
    call('RPUSH', 'nb:{forget}:queue', number)
    return OK
end

-- Holder, now, absence. Answers nothing when there is nothing to do here; else the number, 1 when all its steps are done, and
-- then household, by, client, name, from, to, and what is gone: events, alerts, principals.
local function step(_, args)
    local number = call('LINDEX', 'nb:{forget}:queue', 0)
    if not number or not lease('forget', args[1], 30000) then
        return {}
    end
    local w = read_work(number)
    if w.step > #STEPS then
        return { number, 1, w.household, w.by, w.client, w.name, w.from, w.to, w.events, w.ended, w.principals }
    end
    local gone = { events = w.events, ended = w.ended, principals = w.principals }
    local done = STEPS[w.step](w, gone, { now = tonumber(args[2]), absence = tonumber(args[3]) })
    call('HSET', 'nb:{forget}:work:' .. number, 'step', done and w.step + 1 or w.step, 'at', done and '' or w.at, 'region',
        w.region, 'numbers', w.numbers or '', 'gone', w.gone or '', 'events', gone.events, 'ended', gone.ended,
        'principals', gone.principals)
    return { number, 0 }
end

-- Holder, number: the receipt is out.
local function done(_, args)
    if call('LINDEX', 'nb:{forget}:queue', 0) == args[2] then
        call('LPOP', 'nb:{forget}:queue')
        call('DEL', 'nb:{forget}:work:' .. args[2])
    end
    return OK
end

register('nb_forget_add', add)
register('nb_forget_step', step)
register('nb_forget_done', done)
