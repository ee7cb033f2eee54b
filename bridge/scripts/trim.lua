-- Trimming: channels lose what is older than their retention, a few keys a step, and say so in the same step.

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

-- Holder, where to go on ('0': begin), entries older than this go, now. Answers where to go on ('0': all
-- seen; '' when somebody else does it or it was done a short while ago), and how many went.
local function trim(_, args)
    if args[2] == '0' then
        if not call('SET', 'nb:lease:trim', args[1], 'NX', 'PX', 60000) then
            return { '', 0 }
        end
    elseif call('GET', 'nb:lease:trim') ~= args[1] then
        return { '', 0 }
    end
    local found = call('SCAN', args[2], 'MATCH', 'nb:{r*}:ch:*', 'COUNT', 128, 'TYPE', 'stream')
    local gone = 0
    for _, key in ipairs(found[2]) do
        gone = gone + trim_channel(key, tonumber(args[3]), tonumber(args[4]))
    end
    return { found[1], gone }
end

register('nb_trim', trim)
