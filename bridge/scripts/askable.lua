-- Whom an agency may ask for footage, and whose devices stored something: under the tag of a region, beside its logs.
--   nb:{rXX}:askable:<digest>    hash, of a cell of precision 7 (bridge/place_seal.h, "askable"): household -> its rules of
--                                footage after their length (2 bytes), then its devices there: number (2 bytes), since when
--                                it is there (8 bytes, ms), its id after its length
--   nb:{h:<household>}:askable   set of "<XX>:<digest>", where the household stands there
-- Rules of footage, packed (bridge/household_rules.c): for each an agency's id after its length ('': every one that no rule
-- names), then the mask of incident types (2 bytes).

-- How clips that a household shared in answer to a request are taken back, for whoever forgets (forget_sender.lua). Arguments
-- of `clips` (clips.lua): "nb:{sXX}:", request id, household, now. It answers how many are still on their way off the agency's
-- board; upkeep takes them down, and whoever forgets asks again until there are none.
local forgetting = {}

-- Whether the rules let the agency ask about that incident type.
local function rules_allow(rules, agency, incident)
    local at, allowed = 1, false
    while at <= #rules do
        local who, mask
        who, mask, at = unpack('>Bc0H', rules, at)
        if who == agency then
            return band(mask, lshift(1, incident)) ~= 0
        elseif who == '' then
            allowed = band(mask, lshift(1, incident)) ~= 0
        end
    end
    return allowed
end

-- A record of a household's log (broker/kind/motion.c): its length; kind and phase, confidence, device number (2 bytes,
-- little-endian), cell (2), ms (6), how long it lasted (4) ...
local TIMES = '<I6I4'

-- Notes in `wanted` that a device which is looked for had an event between from and to: its number -> since when it is
-- there, nil when it was seen. Answers how many were seen.
local function look_at(log, wanted, from, to)
    local at, seen = 1, 0
    while at < #log do
        local length, _, _, low, high = byte(log, at, at + 4)
        local since = wanted[low + 256 * high]
        if since then
            local ms, lasted = unpack(TIMES, log, at + 7)
            if ms >= since and ms <= to and ms + lasted >= from then
                wanted[low + 256 * high] = nil
                seen = seen + 1
            end
        end
        at = at + length + 1
    end
    return seen
end

local PAGES = { 1, 4, 16 } -- entries of a log: most devices are seen in the first

-- Looks through one household's log until all devices were seen, the log ends, or there is no room. Answers the entry to
-- go on behind ('' when there is none), and the room that is left.
local function look_through(key, first, last, wanted, left, from, to, room)
    local number = 1
    while left > 0 and room > 0 do
        local page = PAGES[number] or PAGES[#PAGES]
        local entries = call('XRANGE', key, first, last, 'COUNT', page)
        for i = 1, #entries do
            left = left - look_at(entries[i][2][2], wanted, from, to)
        end
        room, number = room - #entries - 1, number + 1
        if #entries < page then
            return '', room
        end
        first = '(' .. entries[page][1]
    end
    return left > 0 and first or '', room
end

local ALL_SEEN = '\0\0\0'

local function tell_unseen(first, wanted)
    local rest = {}
    for number in pairs(wanted) do
        rest[#rest + 1] = pack('>H', number)
    end
    return pack('>Bc0H', #first, first, #rest) .. concat(rest)
end

-- One key of the region, and one packed argument: from, to, the first and the last moment at which such an event may have
-- been stored, room; then households: name, the entry to go on behind ('' from the first), how many devices, and their
-- numbers, each with the moment since when it is there. Answers one packed value: for each household that there was room
-- for the entry to go on behind ('' when it is done), how many devices were not seen, and their numbers.
local function see_askable(keys, args)
    local logs, blob, answer = sub(keys[1], 1, 9) .. 'log:', args[1], {}
    local from, to, earliest, latest, room, at = unpack('>I8I8I8I8I4', blob)
    earliest, latest = string.format('%d', earliest), string.format('%d', latest)
    while at <= #blob and room > 0 do
        local household, first, count, number, since
        household, first, count, at = unpack('>Bc0Bc0H', blob, at)
        local wanted, left = {}, 0
        for _ = 1, count do
            number, since, at = unpack('>HI8', blob, at)
            left = wanted[number] and left or left + 1
            wanted[number] = since
        end
        first, room = look_through(logs .. household, first == '' and earliest or first, latest, wanted, left, from, to,
            room)
        answer[#answer + 1] = not next(wanted) and ALL_SEEN or tell_unseen(first, wanted)
    end
    return concat(answer)
end

register('nb_askable_see', see_askable, { 'no-writes' })
