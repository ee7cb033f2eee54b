-- Households: their settings, and what is derived of them and of who is enrolled. One function does the deriving,
-- settle_household: whoever changed a household's settings, members, their places or what was enrolled of them calls it
-- (nb_settle, bridge/sharing_index.c).
--
-- Rules of sharing, packed: the device in one byte of length ('': every one that no rule names), the mask of kinds (2),
-- so many hours (1), each from, to (2 and 2: minutes of the day) and weekdays (1).

-- The rules that concern the device, packed as they were, and the mask of the kinds in them.
local function rules_for(rules, device)
    local named, others, named_kinds, other_kinds, at = {}, {}, 0, 0, 1
    while at <= #rules do
        local from, name, kinds, hours = at, nil, nil, nil
        name, kinds, hours, at = unpack('>Bc0HB', rules, at)
        at = at + 5 * hours
        if name == device then
            named[#named + 1] = sub(rules, from, at - 1)
            named_kinds = bor(named_kinds, kinds)
        elseif name == '' then
            others[#others + 1] = sub(rules, from, at - 1)
            other_kinds = bor(other_kinds, kinds)
        end
    end
    if named[1] then
        return concat(named), named_kinds
    end
    return concat(others), other_kinds
end

-- Key: settings. Argument: a device of the household. Answers the version of what the household shares, 1 when it has
-- rules, those for this device, their time zone: read at once, so that the version is theirs.
local function sharing_of(keys, args)
    local known = call('HMGET', keys[1], 'version', 'sharing', 'zone')
    return { known[1] or '0', known[2] and 1 or 0, known[2] and (rules_for(known[2], args[1])) or '', known[3] or '' }
end

-- What a member shares, as a mask: by the household's rules, or, as long as it has none, as it was enrolled.
local function member_kinds(rules, name, enrolled)
    if not rules then
        return tonumber(enrolled or 0) or 0
    end
    local device = string.match(name, '^device/(.+)$')
    local _, kinds = rules_for(rules, device or '')
    return device and kinds or 0
end

-- Where the members share: cell ("<xx>:<digest of the leaf cell>", as enrolment wrote both) -> mask, region "<xx>" -> mask;
-- and all of it in one line.
local function shared_where(household, rules)
    local cells, regions, line = {}, {}, {}
    local members = call('SMEMBERS', 'nb:{h:' .. household .. '}:members')
    table.sort(members)
    for _, name in ipairs(members) do
        local known = call('HMGET', 'nb:{p:' .. name .. '}:principal', 'region', 'leaf_digest', 'share', 'revoked')
        local placed = known[1] and known[1] ~= '' and known[2] and not known[4]
        local kinds = placed and member_kinds(rules, name, known[3]) or 0
        if kinds ~= 0 then
            local cell = known[1] .. ':' .. known[2]
            cells[cell] = bor(cells[cell] or 0, kinds)
            regions[known[1]] = bor(regions[known[1]] or 0, kinds)
            line[#line + 1] = name .. ' ' .. cell .. ' ' .. kinds
        end
    end
    return cells, regions, concat(line, '\n'), members
end

-- Brings the indexes in line: of sharing, and of who may be asked for footage. Returns true when what is shared is no longer the same. The version is in the index
-- too: what waits and was judged under another is not published.
local function settle_household(household, changed)
    local settings = 'nb:{h:' .. household .. '}:settings'
    local rules = call('HGET', settings, 'sharing')
    local cells, regions, line, members = shared_where(household, rules)
    local verified = call('HGET', 'nb:{h:' .. household .. '}:household', 'verified')
    line = redis.sha1hex(line)
    changed = changed or line ~= (call('HGET', settings, 'shared') or redis.sha1hex(''))
    local version = tonumber(call('HGET', settings, 'version') or 0)
    if changed then
        version = version + 1
        call('HSET', settings, 'version', version, 'shared', line)
    end
    local leaves, touched = 'nb:{h:' .. household .. '}:leaves', {}
    for _, cell in ipairs(call('SMEMBERS', leaves)) do
        local region = sub(cell, 1, 2)
        touched[region] = true
        if not cells[cell] then
            call('ZREM', 'nb:{r' .. region .. '}:sharers:' .. sub(cell, 4), household)
            close_leaf('nb:{r' .. region .. '}:', sub(cell, 4))
            if not regions[region] then
                call('HDEL', 'nb:{r' .. region .. '}:share', household)
            end
            call('SREM', leaves, cell)
        end
    end
    for cell, _ in pairs(cells) do
        local sharers = 'nb:{r' .. sub(cell, 1, 2) .. '}:sharers:' .. sub(cell, 4)
        call('SADD', leaves, cell)
        -- A household that nobody has verified may share, but does not count for k.
        if verified and verified ~= '' and verified ~= '0' then
            call('ZADD', sharers, verified, household)
        else
            call('ZREM', sharers, household)
            close_leaf('nb:{r' .. sub(cell, 1, 2) .. '}:', sub(cell, 4))
        end
    end
    for region, kinds in pairs(regions) do
        call('HSET', 'nb:{r' .. region .. '}:share', household, kinds .. ' ' .. version)
        touched[region] = true
    end
    settle_askable(household)
    for region in pairs(touched) do
        call('INCR', 'nb:{r' .. region .. '}:sharing') -- whoever remembers what the index says looks it up anew
    end
    if changed then
        for _, name in ipairs(members) do
            if sub(name, 1, 7) == 'device/' then
                call('PUBLISH', 'nb:principals', name)
            end
        end
    end
    return changed
end

-- Arguments: the household, then pairs of field and value: sharing and zone, retention, footage.
local function change(_, args)
    local settings = 'nb:{h:' .. args[1] .. '}:settings'
    local sharing = false
    for i = 2, #args, 2 do
        call('HSET', settings, args[i], args[i + 1])
        sharing = sharing or args[i] == 'sharing'
    end
    settle_household(args[1], sharing)
    return OK
end

register('nb_settle', function(_, args)
    settle_household(args[1])
    return OK
end)
register('nb_household_change', change)
register('nb_sharing', sharing_of, { 'no-writes' })
register('nb_household', function(_, args)
    return call('HMGET', 'nb:{h:' .. args[1] .. '}:settings', 'version', 'sharing', 'zone', 'retention', 'footage')
end, { 'no-writes' })
