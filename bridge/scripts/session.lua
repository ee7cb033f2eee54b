-- Sessions and their inboxes. Whoever opens a session fences all who held it before.

local HELD_S = 2592000 -- how long the session of a process that vanished is kept beyond its own expiry
local FOREVER = 4294967295
local INBOX = 1000

-- Status and the principal's fields, '' where there is none. The rules of a device's household are under another tag
-- (nb_sharing).
local function principal(key)
    local fields, known = call('HMGET', key, 'household', 'name', 'number', 'place', 'former', 'since', 'share',
        'tokens_after', 'revoked', 'verified', 'banned_until', 'ban_reason', 'jurisdiction', 'certificate',
        'must_sign', 'no_approval', 'forgiving', 'drilled', 'no_drill', 'devices'), false
    for i = 1, #fields do
        known = known or fields[i]
        fields[i] = fields[i] or ''
    end
    if sub(key, 7, 13) == 'agency/' then
        fields[#fields + 1] = concat(call('SMEMBERS', sub(key, 1, -10) .. 'officers'), ' ')
    end
    local revoked = fields[9] ~= '' and fields[9] ~= '0'
    return not known and NOT_FOUND or revoked and REVOKED or OK, fields
end

-- The beginning of all keys of the principal whose key this is.
local function principal_prefix(key)
    return sub(key, 1, string.find(key, '}', 1, true) + 1)
end

-- Pairs of the principal's clients of which not every token counts, and what stands of them.
local function barred_instances(prefix)
    local all, barred = call('HGETALL', prefix .. 'instances'), {}
    for i = 1, #all, 2 do
        if all[i + 1] ~= '0' then
            barred[#barred + 1], barred[#barred + 2] = all[i], all[i + 1]
        end
    end
    return barred
end

local function instance_revoked(prefix, client)
    return byte(call('HGET', prefix .. 'instances', client) or '0') == byte('r')
end

-- Whether a token of that time (0: none, a certificate) opens a session of the client.
local function admitted(fields, prefix, client, issued)
    if instance_revoked(prefix, client) then
        return REVOKED
    end
    local since = tonumber(call('HGET', prefix .. 'instances', client) or 0)
    if issued > 0 and (issued < since or issued < tonumber(fields[8] ~= '' and fields[8] or 0)) then
        return TOKEN_VOID
    end
    return OK
end

-- Notes that there is something of the client, and looks at two others whether there still is.
local function note_client(prefix, client)
    if call('SADD', prefix .. 'clients', client) == 0 then
        return
    end
    for _, other in ipairs(call('SRANDMEMBER', prefix .. 'clients', 2)) do
        if other ~= client and call('EXISTS', prefix .. 's:' .. other, prefix .. 'in:' .. other) == 0 then
            call('SREM', prefix .. 'clients', other)
        end
    end
end

local function keep(keys, seconds)
    for i = 1, #keys do
        if seconds >= FOREVER then
            call('PERSIST', keys[i])
        else
            call('EXPIRE', keys[i], seconds)
        end
    end
end

-- Keys: principal, session, packet ids, inbox, its low-water mark. Arguments: 1 when clean, expiry in
-- seconds, the principal's name, the client id, when its token was issued (ms; 0: none), 1 when a user that is not known is
-- enrolled. Answers status, the fields, present, generation, subscriptions, cursors, packet ids with the regions to be claimed
-- for them (packet.lua; of a session that begins anew too), wishes, 1 when it was closed with these cursors, barred
-- instances, the generation that began the session.
local function open_session(keys, args)
    local status, fields = principal(keys[1])
    local prefix = principal_prefix(keys[1])
    if status == NOT_FOUND and args[6] == '1' and sub(args[3], 1, 5) == 'user/' then
        local now = call('TIME')
        call('HSET', keys[1], 'household', '', 'share', 0, 'enrolled', now[1] .. '000')
        status, fields = principal(keys[1])
    end
    status = status == OK and admitted(fields, prefix, args[4], tonumber(args[5])) or status
    if status ~= OK then
        return { status }
    end
    note_client(prefix, args[4])
    local before = call('HMGET', keys[2], 'gen', 'subs', 'cursors', 'expiry', 'wishes', 'closed', 'born')
    -- One that was to end with its connection ends when it is taken over, or found after its process
    -- vanished.
    local present = before[1] and before[4] ~= '0' and args[1] ~= '1'
    if not present then
        call('DEL', keys[2], keys[4], keys[5])
    end
    -- It rises over a session that was dropped too, and when the clock was set back meanwhile: marks in the regions outlive
    -- their session (packet.lua), and would fence who is younger by a lower number.
    local time, last = call('TIME'), call('HGET', keys[1], 'generation')
    local generation = math.max(tonumber(before[1] or 0) + 1, tonumber(last or 0) + 1,
        tonumber(time[1]) * 1000000 + tonumber(time[2]))
    local text = string.format('%.0f', generation)
    local born = present and (before[7] or '0') or text
    call('HSET', keys[1], 'generation', text)
    call('HSET', keys[2], 'gen', text, 'expiry', args[2], 'born', born)
    call('HDEL', keys[2], 'closed')
    keep({ keys[2], keys[3], keys[4], keys[5] }, tonumber(args[2]) >= FOREVER and FOREVER or args[2] + HELD_S)
    call('PUBLISH', 'nb:sessions', pack('>I8Hc0', generation, #args[3], args[3]) .. args[4])
    return { OK, fields, present and 1 or 0, text, present and before[2] or '', present and before[3] or '',
        call('HGETALL', keys[3]), present and before[5] or '', present and before[6] and 1 or 0, barred_instances(prefix),
        born }
end

-- Key: session. Arguments: generation, then pairs of field and value.
local function save_session(keys, args)
    if call('HGET', keys[1], 'gen') ~= args[1] then
        return FENCED
    end
    for i = 2, #args, 2 do
        call('HSET', keys[1], args[i], args[i + 1])
    end
    local expiry = tonumber(call('HGET', keys[1], 'expiry'))
    keep(keys, expiry >= FOREVER and FOREVER or expiry + HELD_S)
    return OK
end

-- Keys: session, packet ids, inbox, its low-water mark. Arguments: generation, expiry in seconds, cursors (''
-- as they are).
local function close_session(keys, args)
    if call('HGET', keys[1], 'gen') ~= args[1] then
        return FENCED
    end
    if tonumber(args[2]) == 0 then
        local prefix = principal_prefix(keys[1])
        call('DEL', keys[1], keys[2], keys[3], keys[4])
        call('SREM', prefix .. 'clients', sub(keys[1], #prefix + 3))
        return OK
    end
    if args[3] ~= '' then
        call('HSET', keys[1], 'cursors', args[3], 'closed', 1)
    end
    keep(keys, tonumber(args[2]))
    return OK
end

-- The key goes by itself, but not before so many ms, nor before it was to go anyway.
local function outlive(key, ms)
    if call('PTTL', key) < ms then
        call('PEXPIRE', key, string.format('%d', math.max(ms, 1000)))
    end
end

local function trim_inbox(stream, low)
    local many = call('XLEN', stream)
    if many >= INBOX + 100 then
        local old = call('XRANGE', stream, '-', '+', 'COUNT', many - INBOX)
        call('XTRIM', stream, 'MAXLEN', INBOX)
        call('HSET', low, 'low', old[#old][1])
    end
end

-- Keys: inbox, its low-water mark, the session. Arguments: 8 bytes that tell repeats, data. Who was revoked has none.
local function inbox(keys, args)
    local prefix = principal_prefix(keys[3])
    local client = sub(keys[3], #prefix + 3)
    if call('HEXISTS', prefix .. 'principal', 'revoked') == 1 or instance_revoked(prefix, client) then
        return OK
    end
    for _, entry in ipairs(call('XREVRANGE', keys[1], '+', '-', 'COUNT', 16)) do
        if sub(entry[2][2], 1, 8) == args[1] then
            return OK
        end
    end
    append_inbox(prefix, client, args[1] .. args[2])
    note_client(prefix, client)
    trim_inbox(keys[1], keys[2])
    local left = call('TTL', keys[3])
    keep({ keys[1], keys[2] }, left == -1 and FOREVER or left > 0 and left or HELD_S)
    return OK
end

register('nb_principal', function(keys)
    local status, fields = principal(keys[1])
    return { status, fields, barred_instances(principal_prefix(keys[1])) }
end, { 'no-writes' })
register('nb_session_open', open_session)
register('nb_session_save', save_session)
register('nb_session_close', close_session)
register('nb_inbox', inbox)
