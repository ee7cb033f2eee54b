-- Invitations: what a household needs to join, under the keyed digest of a code that is good once. What is in it is sealed
-- with the installation's secret.
--   nb:{code:<digest>}:invitation   hash: sealed, expires (ms), taker (the nonce of who took it first)
--   nb:{invitations}:tried:<who>    how often that address tried within a minute; 'all': everybody together

local TRIES, ALL_TRIES, TRIES_S = 10, 600, 60
local AGAIN_MS = 3600000 -- so long may who took it ask again, for answers get lost

-- Key: the invitation. Arguments: sealed, expires.
local function begin(keys, args)
    call('DEL', keys[1])
    call('HSET', keys[1], 'sealed', args[1], 'expires', args[2])
    call('PEXPIREAT', keys[1], args[2])
    return OK
end

-- Keys: of the address, of all. Answers 0, or the seconds until another may be tried.
local function try(keys)
    local wait = 0
    for i, most in ipairs({ TRIES, ALL_TRIES }) do
        local many = call('INCR', keys[i])
        if many == 1 then
            call('EXPIRE', keys[i], TRIES_S)
        end
        if many > most then
            wait = math.max(wait, call('TTL', keys[i]), 1)
        end
    end
    return wait
end

-- Key: the invitation. Arguments: nonce, now. The sealed bytes; nothing when it is not there, over, or somebody else's.
local function take(keys, args)
    local sealed, expires, taker = spread(call('HMGET', keys[1], 'sealed', 'expires', 'taker'))
    if not sealed or tonumber(expires) <= tonumber(args[2]) or (taker and taker ~= args[1]) then
        return false
    end
    if not taker then
        call('HSET', keys[1], 'taker', args[1])
        call('PEXPIREAT', keys[1], math.min(tonumber(expires), tonumber(args[2]) + AGAIN_MS))
    end
    return sealed
end

register('nb_invitation_begin', begin)
register('nb_invitation_try', try)
register('nb_invitation_take', take)
