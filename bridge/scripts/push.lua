-- Push subscriptions, and the notices that are still to be sent to them. A subscription's id is a keyed digest of its
-- endpoint; what it holds is sealed, and nothing here says whose it is.
--   nb:{sXX}:push:<id>          hash: record (sealed), index (digests of 16 bytes of the channels that it is found by), until
--                               (ms); of an alert, whose name is sealed for this subscription alone (28 bytes):
--                               "w" and the name -> revision that it is to be told (4 bytes), tries (2)
--                               "t" and the name -> revision that it was told (4 bytes), while that was in force, and a
--                               keyed digest of what was said
--   nb:{sXX}:pushes             zset of the subscriptions of this tag, which is by their ids, by when they end
--   nb:{sXX}:push_at:<digest>   zset (all scores 0), those that an alert in a channel may concern; under a tag by the digest
--   nb:{sXX}:push_due           zset of alerts that changed near a subscription, by when somebody must look whom they concern
--   nb:{sXX}:push_out           zset of what is to be sent, id and sealed name, by when it is due
--   nb:{p:push/<digest>}:push_day  hash: day, count: how often somebody said something of subscriptions on that day of UTC; the
--                               name is a digest too, so that the order in which things are written to disk tells nothing

local ID, DIGEST = 24, 16
local WANTED = '>I4H'
local DAY_S = 86400

-- Key: push_day. Argument: how many a day. Answers status, and seconds until there are new ones.
local function count(keys, args)
    local at = tonumber(call('TIME')[1])
    local today, left = floor(at / DAY_S), DAY_S - at % DAY_S
    local known = call('HMGET', keys[1], 'day', 'count')
    local said = tonumber(known[1]) == today and tonumber(known[2]) or 0
    if said >= tonumber(args[1]) then
        return { LIMITED, left }
    end
    call('HSET', keys[1], 'day', today, 'count', said + 1)
    call('EXPIRE', keys[1], left)
    return { OK, 0 }
end

-- Key: push_at. Arguments: id, for how many ms.
local function index(keys, args)
    call('ZADD', keys[1], 0, args[1])
    if call('PTTL', keys[1]) < tonumber(args[2]) then
        call('PEXPIRE', keys[1], args[2])
    end
    return OK
end

-- The digests of `before` that are not in `now`.
local function left_out(before, now)
    local kept, out = {}, {}
    for at = 1, #now, DIGEST do
        kept[sub(now, at, at + DIGEST - 1)] = true
    end
    for at = 1, #before, DIGEST do
        local digest = sub(before, at, at + DIGEST - 1)
        out[#out + 1] = not kept[digest] and digest or nil
    end
    return concat(out)
end

-- Key: the subscription. Arguments: id, record, index, until, now, how many this tag may have. Answers status, and the digests
-- by which it was found and is no more.
local function put_subscription(keys, args)
    local all, id = sub(keys[1], 1, 9) .. 'pushes', args[1]
    call('ZREMRANGEBYSCORE', all, '-inf', args[5])
    if not call('ZSCORE', all, id) and call('ZCARD', all) >= tonumber(args[6]) then
        return { LIMITED, '' }
    end
    local before = call('HGET', keys[1], 'index') or ''
    call('HSET', keys[1], 'record', args[2], 'index', args[3], 'until', args[4])
    call('PEXPIRE', keys[1], string.format('%d', math.max(args[4] - args[5], 1)))
    call('ZADD', all, args[4], id)
    return { OK, left_out(before, args[3]) }
end

-- Key: the subscription. Argument: id. Answers the digests by which it was found.
local function remove(keys, args)
    local before = call('HGET', keys[1], 'index') or ''
    call('DEL', keys[1])
    call('ZREM', sub(keys[1], 1, 9) .. 'pushes', args[1])
    return before
end

-- Key: the subscription. Arguments: id, the alert's name, revision, 1 when it concerns the subscription, now. What it was told
-- of before it is told of whatever became of it; what was to be told and concerns it no more is not told.
local function want(keys, args)
    local key, id, name, revision = keys[1], args[1], args[2], tonumber(args[3])
    local out, member = sub(key, 1, 9) .. 'push_out', args[1] .. args[2]
    local known = call('HMGET', key, 'record', 't' .. name, 'w' .. name)
    if not known[1] or known[2] and unpack('>I4', known[2]) >= revision then
        return OK
    end
    if args[4] == '1' or known[2] then
        local wanted, tries = 0, 0
        if known[3] then
            wanted, tries = unpack(WANTED, known[3])
        end
        call('HSET', key, 'w' .. name, pack(WANTED, math.max(wanted, revision), tries))
        call('ZADD', out, 'NX', args[5], member)
        return OK
    end
    if known[3] then
        call('HDEL', key, 'w' .. name)
        call('ZREM', out, member)
    end
    return OK
end

-- ---- what is due

local function count_due(key, now)
    return call('ZCOUNT', key, '-inf', now)
end

-- Keys: push_due of the tags that are asked; the first one's tag has the lease. Arguments: who asks, now, how long the lease is.
-- Answers 1, and for each tag where something is due its place among them, counted from 0, how many alerts, how many notices; or
-- 0, and for how many ms somebody else does this.
local function waiting(keys, args)
    local mine, wait = lease(prefix_of(keys[1]), 'push', args[1], tonumber(args[3]))
    if not mine then
        return { 0, wait }
    end
    local answer = { 1 }
    for i, key in ipairs(keys) do
        local alerts, notices = count_due(key, args[2]), count_due(prefix_of(key) .. 'push_out', args[2])
        if alerts + notices > 0 then
            put(answer, i - 1, alerts, notices)
        end
    end
    return answer
end

-- The members of this key that are due: nobody else gets them until then.
local function due(key, now, later, most)
    local list = most > 0 and call('ZRANGEBYSCORE', key, '-inf', now, 'LIMIT', 0, most) or {}
    for _, member in ipairs(list) do
        call('ZADD', key, 'XX', later, member)
    end
    return list
end

-- Alerts: public id, tag, revision, the channels of all its covers.
local function take_alerts(found, prefix, args, most)
    for _, id in ipairs(due(prefix .. 'push_due', args[1], args[2], most)) do
        local known = call('HMGET', prefix .. 'alert:' .. id, 'revision', 'union')
        if known[1] then
            found[#found + 1] = { id, tonumber(sub(prefix, 6, 7), 16), tonumber(known[1]), known[2] or '' }
        else
            call('ZREM', prefix .. 'push_due', id)
        end
    end
end

-- Notices: subscription, sealed name, record, revision that is wanted, tries, revision that was told, digest of what was said.
local function take_notices(found, prefix, args, most)
    for _, member in ipairs(due(prefix .. 'push_out', args[1], args[2], most)) do
        local id, name = sub(member, 1, ID), sub(member, ID + 1)
        local known = call('HMGET', prefix .. 'push:' .. id, 'record', 'w' .. name, 't' .. name)
        if known[1] and known[2] then
            local wanted, tries = unpack(WANTED, known[2])
            local was = known[3] or '\0\0\0\0'
            found[#found + 1] = { id, name, known[1], wanted, tries, (unpack('>I4', was)), sub(was, 5) }
        else
            call('ZREM', prefix .. 'push_out', member)
        end
    end
end

-- Keys: push_due of tags where something is due. Arguments: now, until when the caller has what it takes; then for each key how
-- many alerts and how many notices at most. Answers alerts and notices.
local function take(keys, args)
    local alerts, notices = {}, {}
    for i, key in ipairs(keys) do
        take_alerts(alerts, prefix_of(key), args, tonumber(args[2 * i + 1]))
        take_notices(notices, prefix_of(key), args, tonumber(args[2 * i + 2]))
    end
    return { alerts, notices }
end

-- Key: push_due. Arguments: public id, the revision of which everybody was looked for, now.
local function looked(keys, args)
    local revision = call('HGET', sub(keys[1], 1, 9) .. 'alert:' .. args[1], 'revision')
    if revision and tonumber(revision) > tonumber(args[2]) then
        return call('ZADD', keys[1], 'XX', args[3], args[1])
    end
    return call('ZREM', keys[1], args[1])
end

-- Key: the subscription. Arguments: id, name, the revision that was told (or is not worth telling any more), now; and 1: it was
-- told and is in force, 0: nothing is to be told of it after that, '': leave what is known; and the digest of what was said.
local function told(keys, args)
    local key, name, revision = keys[1], args[2], tonumber(args[3])
    local out, member = sub(key, 1, 9) .. 'push_out', args[1] .. args[2]
    local known = call('HMGET', key, 'record', 'w' .. name)
    if args[5] == '0' then
        call('HDEL', key, 't' .. name)
    elseif args[5] == '1' and known[1] then
        call('HSET', key, 't' .. name, pack('>I4', revision) .. args[6])
    end
    if known[2] and unpack(WANTED, known[2]) > revision then
        call('HSET', key, 'w' .. name, pack(WANTED, unpack('>I4', known[2]), 0))
        return call('ZADD', out, 'XX', args[4], member)
    end
    call('HDEL', key, 'w' .. name)
    return call('ZREM', out, member)
end

-- Key: the subscription. Arguments: id, name, when to try again.
local function later(keys, args)
    local known = call('HGET', keys[1], 'w' .. args[2])
    if not known then
        return 0
    end
    local wanted, tries = unpack(WANTED, known)
    call('HSET', keys[1], 'w' .. args[2], pack(WANTED, wanted, math.min(tries + 1, 65535)))
    return call('ZADD', sub(keys[1], 1, 9) .. 'push_out', 'XX', args[3], args[1] .. args[2])
end

register('nb_push_count', count)
register('nb_push_index', index)
register('nb_push_put', put_subscription)
register('nb_push_remove', remove)
register('nb_push_want', want)
register('nb_push_waiting', waiting)
register('nb_push_take', take)
register('nb_push_looked', looked)
register('nb_push_told', told)
register('nb_push_later', later)
