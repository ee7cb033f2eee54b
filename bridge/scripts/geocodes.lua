-- Areas of geocodes: a hash a scheme, code -> polygons (bridge/geocodes.h writes it). Polygons, as they are
-- encoded, are united by writing one behind the other.
--
-- Of SAME (PSSCCC: part, state, county), 0SS000 is the state, 000000 all of the United States, and a part that
-- the table has not is its county. Of UGC (SSCNNN, SSZNNN), 000 is every county or zone of the state. What the
-- table has itself comes first.

local AREA_MOST = 1048576 -- bytes: more than an alert's points take
local NONE = ''

-- The codes <prefix>001 to <prefix>999, one behind the other.
local function numbered(prefix)
    local list = {}
    for number = 1, 999 do
        list[number] = string.format('%s%03d', prefix, number)
    end
    return list
end

local function united_areas(key, codes)
    local found, size = {}, 0
    for _, area in ipairs(call('HMGET', key, spread(codes))) do
        if area then
            found[#found + 1] = area
            size = size + #area
        end
    end
    return size <= AREA_MOST and concat(found) or NONE
end

local function state_area(key, prefix)
    return call('HGET', key, prefix .. '000') or united_areas(key, numbered(prefix))
end

-- Every state; nothing rather than a part when it is too much.
local function nation_area(key)
    local found, size = {}, 0
    for state = 1, 99 do
        local area = state_area(key, string.format('0%02d', state))
        found[state], size = area, size + #area
    end
    return size <= AREA_MOST and concat(found) or NONE
end

local function geocode_area(key, scheme, code)
    local area = call('HGET', key, code)
    if area then
        return area
    elseif scheme == 'SAME' and code == '000000' then
        return nation_area(key)
    elseif scheme == 'SAME' and string.find(code, '^0%d%d000$') then
        return state_area(key, sub(code, 1, 3))
    elseif scheme == 'SAME' and string.find(code, '^[1-9]%d%d%d%d%d$') then
        return geocode_area(key, scheme, '0' .. sub(code, 2))
    elseif scheme == 'UGC' and string.find(code, '^%u%u[CZ]000$') then
        return state_area(key, sub(code, 1, 3))
    end
    return NONE
end

-- Key: the scheme's table. Arguments: the scheme, then codes. Answers an area for each, '' for what is not there
-- and for what is left once an answer has as much as an alert may have.
local function geocodes(keys, args)
    local areas, size = {}, 0
    for i = 2, #args do
        local area = size < AREA_MOST and geocode_area(keys[1], args[1], args[i]) or NONE
        areas[i - 1], size = area, size + #area
    end
    return areas
end

register('nb_geocodes', geocodes, { 'no-writes' })
