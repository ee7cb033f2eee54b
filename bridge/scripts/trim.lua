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

-- Takes at most about `room` entries from a household's log. Returns how many are gone, and whether expired ones are left.
local function trim_log(key, now, days, room)
    local oldest = call('XRANGE', key, '-', '+', 'COUNT', 1)
    if not oldest[1] then
        call('DEL', key)
        return 0, false
    end
    local at, household = tonumber(string.match(oldest[1][1], '%d+')), string.match(key, '^nb:{r%x%x}:log:(.+)$')
    local own = tonumber(call('HGET', 'nb:{h:' .. household .. '}:settings', 'retention') or days)
    local cutoff = now - own * 86400000
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

-- Holder, where to go on ('0': begin), entries of channels older than this go, now, days that a household's log is kept when
-- it did not choose. Answers where to go on ('0': all seen; '' when somebody else does it or it was done a short while ago),
-- and how many went. A step that had not room for all begins at the same place again.
local function trim(_, args)
    if args[2] == '0' then
        if not call('SET', 'nb:lease:trim', args[1], 'NX', 'PX', 60000) then
            return { '', 0 }
        end
    elseif call('GET', 'nb:lease:trim') ~= args[1] then
        return { '', 0 }
    else
        call('PEXPIRE', 'nb:lease:trim', 60000)
    end
    local found = call('SCAN', args[2], 'MATCH', 'nb:{r*}:*', 'COUNT', 128, 'TYPE', 'stream')
    local gone, now, days, room = 0, tonumber(args[4]), tonumber(args[5]), TRIM_MOST
    for _, key in ipairs(found[2]) do
        local kind, out, more = sub(key, 10, 12), 0, false
        if kind == 'ch:' then
            out = trim_channel(key, tonumber(args[3]), now)
        elseif kind == 'log' then
            out, more = trim_log(key, now, days, room)
            room = room - out
        end
        gone = gone + out
        if more or room <= 0 then
            return { args[2] == '0' and '00' or args[2], gone }
        end
    end
    return { found[1], gone }
end

register('nb_trim', trim)
