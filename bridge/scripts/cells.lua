-- How many cells somebody newly follows in a day: nb:{p:…}:cells, a hash: digest of a cell -> the day when it was followed
-- last; day, and new: how many became new on that day. Days are those of UTC, by Redis' clock.

local DAY_S = 86400

-- Forgets what was not followed for so many days.
local function forget_cells(key, today, known_days)
    local all = call('HGETALL', key)
    for i = 1, #all, 2 do
        if all[i] ~= 'day' and all[i] ~= 'new' and tonumber(all[i + 1]) + known_days < today then
            call('HDEL', key, all[i])
        end
    end
end

-- How many the new ones among these count, each once.
local function count_new(key, args)
    local sum, seen = 0, {}
    for i = 4, #args, 2 do
        if not seen[args[i]] and call('HEXISTS', key, args[i]) == 0 then
            seen[args[i]], sum = true, sum + tonumber(args[i + 1])
        end
    end
    return sum
end

-- Key: the hash. Arguments: how many may become new in a day, 1 when all or none, for how many days one is known; then
-- for each cell its digest and for how many it counts. Answers a '1' or '0' for each.
local function follow_cells(keys, args)
    local key, limit, known_days = keys[1], tonumber(args[1]), tonumber(args[3])
    local today = floor(call('TIME')[1] / DAY_S)
    local head, granted = call('HMGET', key, 'day', 'new'), {}
    local new = tonumber(head[1]) == today and tonumber(head[2]) or 0
    if tonumber(head[1]) ~= today then
        forget_cells(key, today, known_days)
    end
    local changed = tonumber(head[1]) ~= today
    local room = args[2] == '1' and limit - new < count_new(key, args) and 0 or limit - new
    for i = 4, #args, 2 do
        local last, counts = tonumber(call('HGET', key, args[i]) or nil), tonumber(args[i + 1])
        if last or counts <= room then
            room, new = last and room or room - counts, last and new or new + counts
            if last ~= today then
                call('HSET', key, args[i], today)
                changed = true
            end
            granted[#granted + 1] = '1'
        else
            granted[#granted + 1] = '0'
        end
    end
    -- What is asked again today leaves no trace, not of when either.
    if changed then
        call('HSET', key, 'day', today, 'new', new)
        call('EXPIRE', key, (known_days + 1) * DAY_S)
    end
    return concat(granted)
end

register('nb_cells', follow_cells)
