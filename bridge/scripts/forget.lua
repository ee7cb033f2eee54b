-- Forgetting: what a resident wants deleted goes for good, a bounded piece at a time, whatever is killed meanwhile. What is to
-- be forgotten is a plan under a tag of its own; bridge/store_forget.c takes it from stage to stage, tag after tag. Each step
-- keeps to one tag and may be repeated (forget_region.lua, forget_sender.lua, and here those of members and household).
--   nb:{forget}:queue       list of the numbers of what is to be forgotten; the first is at work
--   nb:{forget}:work:<n>    hash: household, by, client, devices (ids parted by blanks; '': all), from, to (ms), alerts,
--                           account, enrolment (0 or 1), name (the sender's for it), asked (ms), stage and at (how far it is;
--                           the numbers are bridge/store_forget_inside.h's); once they are known members (who goes), numbers
--                           (of its devices), sessions (theirs, each after its length in two bytes); and what is gone so
--                           far: events, ended, principals
--   nb:{…}:forget:<n>:<asked>, and more behind it: how far a tag is, for a week
-- When all stages are done the files on disk are rewritten; then the receipt goes out, and the work leaves the queue.

local LEASE_MS = 30000
local KNOWN = { 'household', 'by', 'client', 'devices', 'from', 'to', 'alerts', 'account', 'enrolment', 'name', 'asked', 'stage',
    'at', 'members', 'numbers', 'sessions', 'events', 'ended', 'principals' }

-- Key: the queue. Arguments: household, by, client, devices, from, to, alerts, account, enrolment, name, now. OK.
local function add(keys, args)
    local number = call('INCR', 'nb:{forget}:last')
    call('HSET', 'nb:{forget}:work:' .. number, 'household', args[1], 'by', args[2], 'client', args[3], 'devices', args[4],
        'from', args[5], 'to', args[6], 'alerts', args[7], 'account', args[8], 'enrolment', args[9], 'name', args[10],
        'asked', args[11], 'stage', 1, 'at', 0)
    call('RPUSH', keys[1], number)
    return OK
end

-- The work goes on from that stage and place, unless somebody else was faster: number, stage, at; the next stage, at; how many
-- events and alerts are gone; then what became known, as pairs.
local function go_on(queue, p)
    local key = 'nb:{forget}:work:' .. p[1]
    local known = call('HMGET', key, 'stage', 'at')
    if call('LINDEX', queue, 0) ~= p[1] or known[1] ~= p[2] or known[2] ~= p[3] then
        return
    end
    call('HSET', key, 'stage', p[4], 'at', p[5], select(8, spread(p)))
    call('HINCRBY', key, 'events', p[6])
    call('HINCRBY', key, 'ended', p[7])
end

-- Key: the queue. Arguments: holder, and how far the work is now (go_on), or nothing. Answers for how many ms there is nothing
-- to do here; or the number and what is known of the work, as KNOWN has it.
local function next_step(keys, args)
    if args[2] then
        go_on(keys[1], { select(2, spread(args)) })
    end
    local number = call('LINDEX', keys[1], 0)
    local mine, ms = true, 0
    if number then
        mine, ms = lease('nb:{forget}:', 'forget', args[1], LEASE_MS)
    end
    if not number or not mine then
        return { ms }
    end
    local known = call('HMGET', 'nb:{forget}:work:' .. number, spread(KNOWN))
    for i = 1, #KNOWN do
        known[i] = known[i] or ''
    end
    return { number, known }
end

-- Key: the queue. Argument: the number of which the receipt is out.
local function done(keys, args)
    if call('LINDEX', keys[1], 0) == args[1] then
        call('LPOP', keys[1])
        call('DEL', 'nb:{forget}:work:' .. args[1])
    end
    return OK
end

-- ---- who goes

-- Key: the principal. Arguments: its name, the client whose session the receipt comes to ('' for all but who asked), when it
-- was asked, 1 the first time. Nothing stays of it; but whoever asked keeps that session, and a name to come back with, for a
-- week.
local function forget_principal(keys, args)
    local prefix, keep = prefix_of(keys[1]), args[2]
    for _, client in ipairs(call('SMEMBERS', prefix .. 'clients')) do
        if client ~= keep then
            call('DEL', prefix .. 's:' .. client, prefix .. 'q2:' .. client, prefix .. 'in:' .. client,
                prefix .. 'inlo:' .. client)
            call('SREM', prefix .. 'clients', client)
        end
    end
    call('DEL', prefix .. 'principal', prefix .. 'instances', prefix .. 'officers', prefix .. 'board', prefix .. 'down',
        prefix .. 'boxes', prefix .. 'cells')
    if keep ~= '' then
        call('HSET', prefix .. 'principal', 'household', '', 'share', 0, 'enrolled', args[3])
        call('EXPIRE', prefix .. 'principal', 604800)
    end
    if args[4] == '1' then
        if keep ~= '' then
            call('DEL', prefix .. 'in:' .. keep)
        end
        call('PUBLISH', 'nb:principals', args[1])
    end
    return OK
end

-- Key: the household's members. Arguments: those who are it no longer.
local function forget_members(keys, args)
    call('SREM', keys[1], spread(args))
    return OK
end

-- Key: the household's members. Of the household nothing stays.
local function forget_home(keys)
    local prefix = prefix_of(keys[1])
    for _, part in ipairs({ 'household', 'members', 'leaves', 'settings', 'asked', 'askable' }) do
        call('DEL', prefix .. part)
    end
    return OK
end

register('nb_forget_add', add)
register('nb_forget_next', next_step)
register('nb_forget_done', done)
register('nb_forget_principal', forget_principal)
register('nb_forget_members', forget_members)
register('nb_forget_home', forget_home)
