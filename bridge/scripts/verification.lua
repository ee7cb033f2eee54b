-- How a household's place becomes known to be real, and a device another's: by codes that are used once. A code's key
-- is its keyed digest; the code itself stands nowhere.
--   nb:{code:<digest>}:code       hash: way (a word), household (whose alone it is, or ''), by (who gave it), place (sealed
--                                 leaf cell that the household must be near, or ''), expires (ms), used (by whom)
--   nb:{h:<household>}:attempts   codes that it tried within an hour
--   nb:{h:<household>}:invited    zset of digests of the codes that it gave to neighbors, by when they expire

local ATTEMPTS, ATTEMPTS_S = 10, 3600

local function code_key(digest)
    return 'nb:{code:' .. digest .. '}:code'
end

-- Arguments: digest, way, household, by, place, expires, now; the household that invites ('': none), how many of its codes
-- may be open. LIMITED when that are too many.
local function begin(_, args)
    local digest, expires, inviter = args[1], args[6], args[8]
    if inviter ~= '' then
        local open = 'nb:{h:' .. inviter .. '}:invited'
        call('ZREMRANGEBYSCORE', open, '-inf', args[7])
        if call('ZCARD', open) >= tonumber(args[9]) then
            return LIMITED
        end
        call('ZADD', open, expires, digest)
        call('PEXPIREAT', open, expires)
    end
    local key = code_key(digest)
    call('HSET', key, 'way', args[2], 'household', args[3], 'by', args[4], 'place', args[5], 'expires', expires)
    call('PEXPIREAT', key, expires)
    return OK
end

-- The code when it is good for the household; one that is not there, another's, used or over looks alike: nil.
local function good_code(digest, household, now)
    local way, whose, by, place, expires, used =
        spread(call('HMGET', code_key(digest), 'way', 'household', 'by', 'place', 'expires', 'used'))
    local theirs = way and (whose == '' or whose == household) and (not used or used == household)
    if theirs and tonumber(expires) > tonumber(now) then
        return { OK, way, by, place, used and 1 or 0 }
    end
end

-- Arguments: digest, household, now. Answers OK, way, by, place, 1 when this household used it before; NOT_FOUND; or
-- LIMITED and the seconds until another may be tried.
local function look(_, args)
    local tried = 'nb:{h:' .. args[2] .. '}:attempts'
    local many = call('INCR', tried)
    if many == 1 then
        call('EXPIRE', tried, ATTEMPTS_S)
    end
    if many > ATTEMPTS then
        return { LIMITED, math.max(1, call('TTL', tried)) }
    end
    return good_code(args[1], args[2], args[3]) or { NOT_FOUND }
end

-- Its members bear it, and where it shares it counts from now on.
local function verify(household, now)
    call('HSET', 'nb:{h:' .. household .. '}:household', 'verified', now)
    for _, name in ipairs(call('SMEMBERS', 'nb:{h:' .. household .. '}:members')) do
        call('HSET', 'nb:{p:' .. name .. '}:principal', 'verified', now)
        call('PUBLISH', 'nb:principals', name)
    end
    for _, cell in ipairs(call('SMEMBERS', 'nb:{h:' .. household .. '}:leaves')) do
        call('ZADD', 'nb:{r' .. sub(cell, 1, 2) .. '}:sharers:' .. sub(cell, 4), now, household)
        call('INCR', 'nb:{r' .. sub(cell, 1, 2) .. '}:sharing')
    end
end

-- Arguments: digest, household, now, 1 when the household becomes verified by it. OK, REPEAT or NOT_FOUND.
local function use(_, args)
    local found = good_code(args[1], args[2], args[3])
    if not found then
        return NOT_FOUND
    end
    if found[5] == 1 then
        return REPEAT
    end
    call('HSET', code_key(args[1]), 'used', args[2])
    call('DEL', 'nb:{h:' .. args[2] .. '}:attempts')
    if args[4] == '1' then
        verify(args[2], args[3])
    end
    return OK
end

register('nb_code_begin', begin)
register('nb_code_look', look)
register('nb_code_use', use)
