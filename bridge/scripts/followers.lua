-- How many followers each process has in each leaf cell: nb:{followers}:<node>, a hash digest of the leaf cell ->
-- number, and nb:{followers}:nodes, a zset of the nodes by when they told it. What is three minutes old is not true any more.

local FOLLOWERS_S = 180

-- Key: what is being told. Arguments: 1 when this is its beginning, then pairs of leaf and number.
local function put_followers(keys, args)
    if args[1] == '1' then
        call('UNLINK', keys[1])
    end
    for i = 2, #args, 2 do
        call('HSET', keys[1], args[i], args[i + 1])
    end
    call('EXPIRE', keys[1], FOLLOWERS_S)
    return OK
end

-- Keys: what was told, the node's hash, the nodes. Argument: the node. The former is freed aside: it may be large.
local function followers_told(keys, args)
    call('UNLINK', keys[2])
    if call('EXISTS', keys[1]) == 1 then
        call('RENAME', keys[1], keys[2])
        call('EXPIRE', keys[2], FOLLOWERS_S)
        call('ZADD', keys[3], call('TIME')[1], args[1])
    else
        call('ZREM', keys[3], args[1])
    end
    call('ZREMRANGEBYSCORE', keys[3], '-inf', call('TIME')[1] - FOLLOWERS_S)
    call('EXPIRE', keys[3], FOLLOWERS_S)
    return OK
end

-- Keys: the nodes, the beginning of their hashes' names. Arguments: leaves. Answers their followers in all.
local function count_followers(keys, args)
    local sum = 0
    if #args == 0 then
        return sum
    end
    for _, node in ipairs(call('ZRANGE', keys[1], 0, -1)) do
        for _, number in ipairs(call('HMGET', keys[2] .. node, spread(args))) do
            sum = sum + (tonumber(number or 0) or 0)
        end
    end
    return sum
end

register('nb_followers_put', put_followers)
register('nb_followers_told', followers_told)
register('nb_followers', count_followers, { 'no-writes' })
