-- Notices: what every session of a principal gets on its inbox, once, also one that begins to follow its inbox later, until
-- the notice ends or is taken down. Under the principal's tag:
--   nb:{p:…}:board              hash, notice -> until (8 bytes, ms), its place in the order (8 bytes), then as an inbox has
--                               it: the topic suffix after its length, the payload
--   nb:{p:…}:down               hash, notices that were taken down -> until when none of that name may come again
--   nb:{p:…}:boxes              set of the clients whose sessions follow their inbox
--   nb:{p:…}:s:<client>         the session's hash; in it box, when it follows its inbox, and for each notice that it has
--                               "n" and its name -> its entry in the inbox

local function session_of(prefix, client)
    local key = prefix .. 's:' .. client
    return call('HEXISTS', key, 'box') == 1 and key or nil
end

local function forget_ended(key, now)
    local list = call('HGETALL', key)
    for i = 2, #list, 2 do
        local ends = #list[i] >= 8 and unpack('>I8', list[i])
        if ends and ends <= now then
            call('HDEL', key, list[i - 1])
        end
    end
end

-- Puts a notice into a session's inbox, when it has it not.
local function give(prefix, client, session, name, notice)
    if call('HEXISTS', session, 'n' .. name) == 1 then
        return
    end
    local data = sub(name .. '        ', 1, 8) .. sub(notice, 17)
    local inbox, low = prefix .. 'in:' .. client, prefix .. 'inlo:' .. client
    call('HSET', session, 'n' .. name, append_inbox(prefix, client, data))
    trim_inbox(inbox, low)
    local left = call('TTL', session)
    keep({ inbox, low }, left == -1 and FOREVER or left > 0 and left or HELD_S)
end

-- Key: the board. Arguments: notice, until, now, suffix, payload. Answers OK, or ENDED when it was taken down.
local function post(keys, args)
    local board, prefix, name, ends = keys[1], sub(keys[1], 1, -6), args[1], tonumber(args[2])
    if call('HEXISTS', prefix .. 'down', name) == 1 then
        return ENDED
    end
    if call('HEXISTS', board, name) == 0 then
        local now = tonumber(args[3])
        forget_ended(board, now)
        call('HSET', board, name, pack('>I8I8Bc0', ends, now, #args[4], args[4]) .. args[5])
        outlive(board, ends - now)
    end
    local notice = call('HGET', board, name)
    for _, client in ipairs(notice and call('SMEMBERS', prefix .. 'boxes') or {}) do
        local session = session_of(prefix, client)
        if session then
            give(prefix, client, session, name, notice)
        else
            call('SREM', prefix .. 'boxes', client)
        end
    end
    return OK
end

-- Key: the board. Arguments: client, now. The session follows its inbox from now on, and gets what stands there.
local function follow(keys, args)
    local board, prefix, now, list = keys[1], sub(keys[1], 1, -6), tonumber(args[2]), {}
    local session = prefix .. 's:' .. args[1]
    if call('HEXISTS', session, 'gen') == 0 then
        return NOT_FOUND
    end
    call('HSET', session, 'box', 1)
    call('SADD', prefix .. 'boxes', args[1])
    forget_ended(board, now)
    local all = call('HGETALL', board)
    for i = 1, #all, 2 do
        local _, order = unpack('>I8I8', all[i + 1])
        list[#list + 1] = { name = all[i], notice = all[i + 1], order = order }
    end
    table.sort(list, function(a, b)
        return a.order < b.order or a.order == b.order and a.name < b.name
    end)
    for _, each in ipairs(list) do
        give(prefix, args[1], session, each.name, each.notice)
    end
    return OK
end

-- Key: the board. Arguments: client. Its session follows its inbox no more: what comes now it gets when it follows again.
local function leave_box(keys, args)
    local prefix = sub(keys[1], 1, -6)
    call('HDEL', prefix .. 's:' .. args[1], 'box')
    call('SREM', prefix .. 'boxes', args[1])
    return OK
end

local OWN_NODE = 4096 -- an entry of so many bytes has its node of the stream to itself, which goes with it

-- Removes an entry of a stream for good: what stays is written anew under its ids, for XDEL alone leaves the bytes where
-- they are.
local function erase(stream, id)
    local entry = call('XRANGE', stream, id, id)[1]
    if not entry then
        return
    end
    call('XDEL', stream, id)
    if #entry[2][2] >= OWN_NODE then
        return
    end
    local last, left, temporary = last_id(stream), call('PTTL', stream), stream .. ':anew'
    call('DEL', temporary)
    call('XADD', temporary, 'MAXLEN', 0, '0-1', 'i', '')
    for _, each in ipairs(call('XRANGE', stream, '-', '+')) do
        call('XADD', temporary, each[1], each[2][1], each[2][2])
    end
    call('XSETID', temporary, last)
    call('RENAME', temporary, stream)
    if left > 0 then
        call('PEXPIRE', stream, left)
    end
end

-- Key: the board. Arguments: notice, until when none of that name may come again, now. It leaves the board and every inbox,
-- also of sessions that do not follow theirs any more.
local function take_down(keys, args)
    local prefix, name, ends, now = prefix_of(keys[1]), args[1], tonumber(args[2]), tonumber(args[3])
    forget_ended(prefix .. 'down', now)
    call('HDEL', prefix .. 'board', name)
    call('HSET', prefix .. 'down', name, pack('>I8', ends))
    outlive(prefix .. 'down', ends - now)
    for _, client in ipairs(call('SMEMBERS', prefix .. 'clients')) do
        local session = prefix .. 's:' .. client
        local id = call('HGET', session, 'n' .. name)
        if id then
            erase(prefix .. 'in:' .. client, id)
            call('HDEL', session, 'n' .. name)
        end
    end
    return OK
end

register('nb_board_post', post)
register('nb_board_follow', follow)
register('nb_board_leave', leave_box)
register('nb_board_take_down', take_down)
