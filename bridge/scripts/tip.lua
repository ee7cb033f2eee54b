-- Tips and rewards. A conversation is under the tag of the resident who began it, and forgotten some weeks after its last
-- message:
--   nb:{sXX}:tip:<conversation>         hash: sender ("user/<id>"), agency, claim (32 bytes or ''), and "d" and the id of
--                                       each message of it -> digest
--   nb:{sXX}:tips:<user/id>             zset of the conversations that stand, by when they began
-- A programme is under the tag of its agency, for good:
--   nb:{sXX}:programme:<agency/id>/<n>  hash: reward (words), stock (how many in all), given; "v" and a conversation ->
--                                       number of its voucher; "u" and a number -> the agency's name for the message by
--                                       which it was handed in
--   nb:{sXX}:programmes:<agency/id>     set of the names of its programmes

local TIP_KEPT_MS = 60 * 86400000
local DAY_MS = 86400000
local MESSAGES = 500 -- of a conversation
local FIELDS = 3 -- of its hash beside its messages

-- How long until the sender may begin another; nil: now.
local function tips_wait(key, now, limit)
    if limit > 0 and call('ZCOUNT', key, '(' .. now - DAY_MS, '+inf') >= limit then
        local first = call('ZREVRANGE', key, limit - 1, limit - 1, 'WITHSCORES')
        return tonumber(first[2]) + DAY_MS - now
    end
end

local function drop_forgotten(prefix, key, now)
    for _, id in ipairs(call('ZRANGEBYSCORE', key, '-inf', now - TIP_KEPT_MS)) do
        if call('EXISTS', prefix .. 'tip:' .. id) == 0 then
            call('ZREM', key, id)
        end
    end
end

local function begin_tip(key, prefix, args)
    local sender, id, now = args[4], args[1], tonumber(args[7])
    local mine = prefix .. 'tips:' .. sender
    local wait = tips_wait(mine, now, tonumber(args[8]))
    if wait then
        return { LIMITED, '', wait }
    end
    drop_forgotten(prefix, mine, now)
    call('ZADD', mine, now, id)
    outlive(mine, TIP_KEPT_MS)
    call('HSET', key, 'sender', sender, 'agency', args[5], 'claim', args[6], 'd' .. args[2], args[3])
    outlive(key, TIP_KEPT_MS)
    return { OK, args[5], 0 }
end

-- Key: the conversation. Arguments: its id, the message's, digest, sender, agency ('': it goes on), claim, now, how many
-- conversations a day. Answers status, to whom it goes, when to come back. Who has no part in it learns nothing of it.
local function tip(keys, args)
    local key, prefix = keys[1], sub(keys[1], 1, 9)
    local known = call('HMGET', key, 'sender', 'agency', 'd' .. args[2])
    local sender, agency = known[1], known[2]
    if not sender and args[5] ~= '' then
        return begin_tip(key, prefix, args)
    end
    if not sender or args[4] ~= sender and args[4] ~= agency then
        return { NOT_FOUND, '', 0 }
    end
    local other = args[4] == sender and agency or sender
    if known[3] then
        return { known[3] == args[3] and REPEAT or CONFLICT, other, 0 }
    end
    if args[5] ~= '' then
        return { CONFLICT, other, 0 }
    end
    if call('HLEN', key) >= MESSAGES + FIELDS then
        return { LIMITED, '', 0 }
    end
    call('HSET', key, 'd' .. args[2], args[3])
    outlive(key, TIP_KEPT_MS)
    outlive(prefix .. 'tips:' .. sender, TIP_KEPT_MS)
    return { OK, other, 0 }
end

-- Key: the conversation. Argument: the agency. Answers NOT_FOUND, or OK, sender, claim.
local function tip_of(keys, args)
    local known = call('HMGET', keys[1], 'sender', 'agency', 'claim')
    if known[2] ~= args[1] then
        return { NOT_FOUND, '', '' }
    end
    return { OK, known[1], known[3] }
end

local function left_of(known)
    return tonumber(known[1] or 0) - tonumber(known[2] or 0)
end

-- Key: the programme. Arguments: stock, words. Answers status, how many are left, 0, words.
local function reward_stock(keys, args)
    local known = call('HMGET', keys[1], 'stock', 'given', 'reward')
    local agency, name = string.match(keys[1], 'programme:(agency/[^/]+)/(.+)$')
    call('SADD', sub(keys[1], 1, 9) .. 'programmes:' .. agency, name)
    if known[1] == args[1] and known[3] == args[2] then
        return { REPEAT, left_of(known), 0, args[2] }
    end
    if tonumber(args[1]) < tonumber(known[2] or 0) then
        return { CONFLICT, left_of(known), 0, args[2] }
    end
    call('HSET', keys[1], 'stock', args[1], 'reward', args[2])
    call('HSETNX', keys[1], 'given', 0)
    return { OK, left_of({ args[1], known[2] }), 0, args[2] }
end

-- Key: the programme. Arguments: conversation, now, agency, officer, its name, case. Answers status, how many are left, the
-- voucher's number, what it is in words.
local function reward_give(keys, args)
    local key, prefix = keys[1], sub(keys[1], 1, 9)
    local known = call('HMGET', key, 'stock', 'given', 'reward', 'v' .. args[1])
    if not known[1] then
        return { NOT_FOUND, 0, 0, '' }
    end
    if known[4] then
        return { REPEAT, left_of(known), tonumber(known[4]), known[3] }
    end
    if left_of(known) <= 0 then
        return { LIMITED, 0, 0, known[3] }
    end
    local number = call('HINCRBY', key, 'given', 1)
    call('HSET', key, 'v' .. args[1], number)
    record_act(prefix, { what = 'reward', by = args[3], officer = args[4], at = args[2], name = args[5], case = args[6],
        text = known[3] })
    return { OK, left_of(known) - 1, number, known[3] }
end

-- Key: the programme. Arguments: number, the agency's name for the message. Answers the same.
local function reward_redeem(keys, args)
    local key, used = keys[1], 'u' .. args[1]
    local known = call('HMGET', key, 'stock', 'given', 'reward', used)
    if tonumber(args[1]) > tonumber(known[2] or 0) then
        return { NOT_FOUND, left_of(known), 0, '' }
    end
    if known[4] then
        return { known[4] == args[2] and REPEAT or CONFLICT, left_of(known), tonumber(args[1]), known[3] }
    end
    call('HSET', key, used, args[2])
    return { OK, left_of(known), tonumber(args[1]), known[3] }
end

register('nb_tip', tip)
register('nb_tip_of', tip_of, { 'no-writes' })
register('nb_reward_stock', reward_stock)
register('nb_reward_give', reward_give)
register('nb_reward_redeem', reward_redeem)
