-- Trimming: channels lose what is older than their retention, a few keys a step, and say so in the same step; the logs of
-- households what is older than each household's.

-- The last id that is gone, when the first that is left is `first`.
local function just_before(first)
    local ms, seq = string.match(first, '(%d+)-(%d+)')
    if tonumber(seq) > 0 then
        return string.format('%s-%.0f', ms, tonumber(seq) - 1)
    end
    return string.format('%.0f-4294967295', tonumber(ms) - 1)
end

local function trim_channel(key, cutoff, now)
    local prefix, name = string.match(key, '^(nb:{r%x%x}:)ch:(.+)$')
    notices(prefix .. 'al:' .. name, now)
    local oldest = call('XRANGE', key, '-', '+', 'COUNT', 1)
    if not oldest[1] or tonumber(string.match(oldest[1][1], '%d+')) >= cutoff then
        return 0
    end
    local gone = call('XTRIM', key, 'MINID', '=', string.format('%.0f', cutoff))
    local left = call('XRANGE', key, '-', '+', 'COUNT', 1)
    call('HSET', prefix .. 'lo:' .. name, 'low', left[1] and just_before(left[1][1]) or last_id(key))
    return gone
end

local TRIM_MOST = 1000 -- entries that leave logs in one call
local SLACK = 3600000  -- ms that a log may keep longer, so that it is not touched for each entry

-- Takes at most about `room` entries that are older than so many days from a household's log. Returns how many are gone, and
-- whether expired ones are left.
local function trim_log(key, now, days, room)
    local oldest = call('XRANGE', key, '-', '+', 'COUNT', 1)
    if not oldest[1] then
        call('DEL', key)
        return 0, false
    end
    local at, cutoff = tonumber(string.match(oldest[1][1], '%d+')), now - days * 86400000
    if at >= cutoff - SLACK then
        return 0, false
    end
    -- Whole nodes, which costs next to nothing; then what is expired of the last one.
    local before = string.format('%.0f', cutoff)
    local gone = call('XTRIM', key, 'MINID', '~', before, 'LIMIT', room)
    if gone >= room then
        return gone, true
    end
    gone = gone + call('XTRIM', key, 'MINID', '=', before)
    if call('XLEN', key) == 0 then
        call('DEL', key)
    end
    return gone, false
end

-- Keys: channels and logs. Arguments: entries of channels older than this go, now, then for each key how many days it is kept, if
-- it is a log. Answers how many entries went, and how many of the keys, in their order, have nothing more to lose.
local function trim(keys, args)
    local gone, now, room = 0, tonumber(args[2]), TRIM_MOST
    for i, key in ipairs(keys) do
        local out, more = 0, false
        if sub(key, 10, 12) == 'ch:' then
            out = trim_channel(key, tonumber(args[1]), now)
        else
            out, more = trim_log(key, now, tonumber(args[i + 2]), room)
            room = room - out
        end
        gone = gone + out
        if more or room <= 0 then
            return { gone, more and i - 1 or i }
        end
    end
    return { gone, #keys }
end

-- Key: the lease. Arguments: holder, ms. Answers 0, or for how many ms nobody else need ask.
local function trim_lease(keys, args)
    local mine, wait = lease(prefix_of(keys[1]), 'trim', args[1], tonumber(args[2]))
    return mine and 0 or wait
end

-- Key: the lease. Arguments: holder, ms. All keys were looked through: nobody has it for so long.
local function trim_rest(keys, args)
    if call('GET', keys[1]) == args[1] then
        call('SET', keys[1], '', 'PX', args[2])
    end
    return OK
end

register('nb_trim', trim)
register('nb_trim_lease', trim_lease)
register('nb_trim_rest', trim_rest)
