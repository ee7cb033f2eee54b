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

-- An alert of a resident: it ends everywhere, or goes on with what others reported. Of what it said nothing stays but what
-- its followers need to learn that it ended: category and area.
local function forget_alert(prefix, id, m)
    local key = prefix .. 'alert:' .. id
    finish(prefix, id, m)
    local known = call('HMGET', key, 'areas', 'shown', 'state')
    local began, ended = words(known[1]), tonumber(known[3]) == FINAL
    local area = #began > 0 and call('HGET', key, 'a' .. began[#began])
    for _, field in ipairs(call('HKEYS', key)) do
        if string.match(field, '^b%d+$') and (ended or field ~= 'b' .. known[2]) then
            call('HDEL', key, field)
        end
    end
    call('HDEL', key, 'document', 'document_type', 'document_revision', 'document_at', 'appeal', 'appealed', 'held_by')
    if ended then
        call('HDEL', key, 'sender', 'client', 'household', 'officer')
        call('DEL', prefix .. 'wait:' .. id, prefix .. 'seen:' .. id, prefix .. 'flags:' .. id)
        if area and known[2] then
            call('HSET', key, 'b' .. known[2], area)
        end
    end
end

-- Reports that are in somebody else's alert are taken back.
local function forget_parts(key, prefix, lead, w, gone, m)
    for _, field in ipairs(call('HKEYS', key)) do
        local id = string.match(field, '^w(.+)$')
        local who = id and call('HGET', key, field)
        local sender, household = '', ''
        if who then
            local client
            sender, client, household = unpack(WHO, who)
        end
        if id and (w.whose == 'sender' and sender or household) == w.who then
            withdraw(prefix, lead, id, m)
            gone.ended = gone.ended + 1
        end
    end
    call('HDEL', key, 'h' .. w.household)
    for name in pairs(w.members) do
        call('HDEL', key, 'u' .. name)
    end
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

-- What the receipt needs: the asker's name and the session that it comes to.
local function is_kept(name, rest, w)
    local part, client = string.match(rest, '^(%a+):?(.*)$')
    return name == w.by and (part == 'principal' or part == 'clients'
        or client == w.client and (part == 's' or part == 'in' or part == 'inlo' or part == 'q'))
end

-- A key under the tag of somebody, or of a household: of those who go, all of it goes.
local function forget_own(key, w)
    local tag, name, rest = string.match(key, '^nb:{(%a):(.-)}:(.*)$')
    if tag == 'h' and name == w.household and rest ~= 'lock' then
        call('DEL', key)
    elseif tag == 'p' and w.members[name] and not is_kept(name, rest, w) then
        call('DEL', key)
    end
end

-- What each kind of key holds of a resident: w what is to be forgotten, gone what is counted. By the word in its name.
local BY_PART = {
    alert = function(key, prefix, id, w, gone, m)
        if call('HGET', key, w.whose) == w.who then
            forget_alert(prefix, id, m)
            gone.ended = gone.ended + 1
        end
    end,
    wait = function(key, _, _, w)
        if call('HGET', key, w.whose) == w.who then
            call('DEL', key)
        end
    end,
    tip = function(key, _, _, w, _, m)
        if w.members[call('HGET', key, 'sender') or ''] then
            w.left = w.left + forgetting.tip(key, w.account ~= '1', m.now)
        end
    end,
    tips = function(key, _, name, w)
        if w.members[name] then
            call('DEL', key)
        end
    end,
    seen = function(key, _, _, w)
        call('HDEL', key, w.household)
    end,
    parts = forget_parts,
    clips = function(_, prefix, id, w, _, m)
        if w.account == '1' then
            w.left = w.left + forgetting.clips(prefix, id, w.household, m.now)
        end
    end,
    asked = function(key, _, _, w)
        if w.account == '1' then
            forget_fields(key, w.household)
        end
    end,
    seq = function(key, _, _, w)
        if w.account == '1' then
            forget_prefixed(key, w.prefixes)
        end
    end,
    cool = function(key, _, _, w)
        if w.account == '1' then
            forget_prefixed(key, { [w.household .. '/'] = true })
        end
    end,
}
BY_PART.flags, BY_PART.limit, BY_PART.ask, BY_PART.once = BY_PART.seen, BY_PART.tips, BY_PART.asked, BY_PART.seq

-- One key of all there are.
local function forget_key(key, w, gone, m)
    local prefix, part, rest = string.match(key, '^(nb:{[rsq]%x+}:)([%a_]+):?(.*)$')
    local of_part = prefix and BY_PART[part]
    if of_part then
        of_part(key, prefix, rest, w, gone, m)
    elseif not prefix and w.account == '1' then
        forget_own(key, w)
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
    call('DEL', prefix .. 'principal')
    if keep then
        call('HSET', prefix .. 'principal', 'household', '', 'share', 0, 'enrolled', string.format('%.0f', w.asked))
        call('EXPIRE', prefix .. 'principal', 604800)
        call('DEL', prefix .. 'in:' .. keep)
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
        w.whose, w.who = 'sender', w.by
        if w.account == '1' then
            w.whose, w.who = 'household', w.household
        end
        for name in pairs(w.members) do
            w.prefixes[name .. '\0'] = true
        end
        local found = call('SCAN', w.at == '' and '0' or w.at, 'MATCH', 'nb:{*', 'COUNT', STEP_KEYS)
        for _, key in ipairs(found[2]) do
            forget_key(key, w, gone, m)
        end
        w.at = found[1] == '0' and '' or found[1]
        if w.at == '' and w.left > 0 then
            w.left = 0 -- clips and tips that are still on the agency's board: all is looked at once more
            return false
        end
        return w.at == ''
    end,
}

local function read_work(number)
    local pairs_, w = call('HGETALL', 'nb:{forget}:work:' .. number), {}
    for i = 1, #pairs_, 2 do
        w[pairs_[i]] = pairs_[i + 1]
    end
    for _, field in ipairs({ 'from', 'to', 'asked', 'step', 'region', 'events', 'ended', 'principals', 'left' }) do
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
    if not number or not lease('nb:{forget}:', 'forget', args[1], 30000) then
        return {}
    end
    local w = read_work(number)
    if w.step > #STEPS then
        return { number, 1, w.household, w.by, w.client, w.name, w.from, w.to, w.events, w.ended, w.principals }
    end
    local gone = { events = w.events, ended = w.ended, principals = w.principals }
    local done = STEPS[w.step](w, gone, { now = tonumber(args[2]), absence = tonumber(args[3]) })
    call('HSET', 'nb:{forget}:work:' .. number, 'step', done and w.step + 1 or w.step, 'at', done and '' or w.at, 'region',
        w.region, 'left', w.left, 'numbers', w.numbers or '', 'gone', w.gone or '', 'events', gone.events, 'ended', gone.ended,
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
