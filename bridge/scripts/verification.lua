-- How a household's place becomes known to be real, and a device another's: by codes that are used once. A code's key
-- is its keyed digest; the code itself stands nowhere.
--   nb:{code:<digest>}:code       hash: way (a word), household (whose alone it is, or ''), by (who gave it), place (sealed
--                                 leaf cell that the household must be near, or ''), expires (ms), used (by whom), claimer
--                                 (which request of it, or ''), used_at (ms), done (1 when all that follows of it is)
--   nb:{h:<household>}:attempts   codes that it tried within an hour
--   nb:{h:<household>}:invited    zset of digests of the codes that it gave to neighbors, by when they expire
-- To use a code is several steps: it is claimed, what follows is done (nb_household_verify, and the household is settled; an
-- agency's certificate is signed), and it is done. Who claimed it and died claims it again; nobody else does.

local ATTEMPTS, ATTEMPTS_S = 10, 3600

-- Key: invited. Arguments: digest, expires, now, how many of its codes may be open. LIMITED when that are too many.
local function invite(keys, args)
    call('ZREMRANGEBYSCORE', keys[1], '-inf', args[3])
    if call('ZSCORE', keys[1], args[1]) then
        return OK
    elseif call('ZCARD', keys[1]) >= tonumber(args[4]) then
        return LIMITED
    end
    call('ZADD', keys[1], args[2], args[1])
    call('PEXPIREAT', keys[1], args[2])
    return OK
end

-- Key: the code. Arguments: way, household, by, place, expires.
local function begin(keys, args)
    call('HSET', keys[1], 'way', args[1], 'household', args[2], 'by', args[3], 'place', args[4], 'expires', args[5])
    call('PEXPIREAT', keys[1], args[5])
    return OK
end

-- Key: attempts. Answers 0, or the seconds until another code may be tried.
local function try(keys)
    local many = call('INCR', keys[1])
    if many == 1 then
        call('EXPIRE', keys[1], ATTEMPTS_S)
    end
    return many > ATTEMPTS and math.max(1, call('TTL', keys[1])) or 0
end

-- Whether the code is good for the household; one that is not there, another's, used or over looks alike: false. Then way, by
-- and place.
local function good_code(key, household, now)
    local way, whose, by, place, expires, used =
        spread(call('HMGET', key, 'way', 'household', 'by', 'place', 'expires', 'used'))
    local theirs = way and (whose == '' or whose == household) and (not used or used == household)
    return theirs and tonumber(expires) > tonumber(now), way, by, place
end

-- Key: the code. Arguments: household, now. Answers OK, way, by, place; or NOT_FOUND.
local function look(keys, args)
    local good, way, by, place = good_code(keys[1], args[1], args[2])
    return good and { OK, way, by, place } or { NOT_FOUND }
end

-- Key: the code. Arguments: household, now, which of its requests (left out: it has one alone). Answers OK and when it was
-- claimed first; REPEAT when all is done; CONFLICT when another request claimed it; NOT_FOUND.
local function claim(keys, args)
    local claimer = args[3] or ''
    if not good_code(keys[1], args[1], args[2]) then
        return { NOT_FOUND }
    end
    call('HSETNX', keys[1], 'claimer', claimer)
    if call('HGET', keys[1], 'claimer') ~= claimer then
        return { CONFLICT }
    elseif call('HEXISTS', keys[1], 'done') == 1 then
        return { REPEAT }
    end
    call('HSETNX', keys[1], 'used', args[1])
    call('HSETNX', keys[1], 'used_at', args[2])
    return { OK, call('HGET', keys[1], 'used_at') }
end

-- Key: the code. One that is over meanwhile stays away.
local function done(keys)
    if call('EXISTS', keys[1]) == 1 then
        call('HSET', keys[1], 'done', 1)
    end
    return OK
end

register('nb_code_invite', invite)
register('nb_code_begin', begin)
register('nb_code_try', try)
register('nb_code_look', look, { 'no-writes' })
register('nb_code_claim', claim)
register('nb_code_done', done)
