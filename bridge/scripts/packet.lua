-- Packet ids of QoS 2: which of a session were stored, and not yet released.
--
-- A packet stands in two places. With its session, the regions in which it may be: written first, by whoever has the session.
-- In the region, that it is stored: the mark, written in one step with its events. PUBREL takes the mark first. So a packet
-- that the session does not name has no mark, and one that it names is looked for.
--
-- Whoever opens a session claims the regions that it names, before its client is let in: from then on nobody who had it
-- before marks or takes anything there. Marks belong to one life of a session, `born`, the generation that began it; those of
-- a former life count for nothing, so a session may end without anybody walking to its regions.
--   nb:{p:…}:q2:<client>   packet id -> region tags, two digits each
--   nb:{rXX}:q2:<session>  gen, of who claimed it or wrote last; born; packet id -> '' when it is stored

local mark_packet

do
    -- A mark outlives every session (at most a year from its last connection); what is left when all are released only fences.
    local MARKS_S, FENCE_S = 34128000, 2592000

    -- True when somebody newer than this generation was here.
    local function is_older(held, generation)
        return tonumber(held or 0) > tonumber(generation)
    end

    -- In the step that stores the packet's events: OK, REPEAT, or FENCED.
    mark_packet = function(key, generation, born, packet)
        local held = call('HMGET', key, 'gen', 'born', packet)
        if is_older(held[1], generation) then
            return FENCED
        end
        if held[2] and tonumber(held[2]) ~= born then
            call('DEL', key)
        elseif held[3] then
            return REPEAT
        end
        call('HSET', key, 'gen', string.format('%.0f', generation), 'born', string.format('%.0f', born), packet, '')
        call('EXPIRE', key, MARKS_S)
        return OK
    end

    -- Keys: session, its packets. Arguments: generation, packet id, region tag. Answers OK and the generation that began the
    -- session; FENCED; NOT_FOUND when the session ended, of which nothing is to begin anew.
    local function note(keys, args)
        local session = call('HMGET', keys[1], 'gen', 'born', 'expiry')
        if not session[1] then
            return { NOT_FOUND, '0' }
        end
        if is_older(session[1], args[1]) then
            return { FENCED, '0' }
        end
        local regions = call('HGET', keys[2], args[2]) or ''
        for at = 1, #regions, 2 do
            if sub(regions, at, at + 1) == args[3] then
                return { OK, session[2] or '0' }
            end
        end
        call('HSET', keys[2], args[2], regions .. args[3])
        local expiry = tonumber(session[3] or 0)
        if expiry < 4294967295 then -- else it is kept for ever
            call('EXPIRE', keys[2], expiry + FENCE_S)
        end
        return { OK, session[2] or '0' }
    end

    -- Keys: session, its packets. Arguments: generation, packet id. Answers OK and its regions; or FENCED.
    local function regions_of(keys, args)
        if call('HGET', keys[1], 'gen') ~= args[1] then
            return { FENCED, '' }
        end
        return { OK, call('HGET', keys[2], args[2]) or '' }
    end

    -- Keys: session, its packets. Arguments: generation, packet ids that have no mark any more.
    local function forget(keys, args)
        if call('HGET', keys[1], 'gen') ~= args[1] then
            return FENCED
        end
        call('HDEL', keys[2], select(2, spread(args)))
        return OK
    end

    -- Key: a session's packets in a region. Arguments: generation, the one that began the session, packet ids that may be
    -- here. Answers OK and those that are; or FENCED.
    local function claim(keys, args)
        local key, here = keys[1], {}
        local held = call('HMGET', key, 'gen', 'born', select(3, spread(args)))
        if is_older(held[1], args[1]) then
            return { FENCED, {} }
        end
        if held[2] ~= args[2] then
            call('DEL', key)
        end
        for i = 3, #args do
            if held[i] and held[2] == args[2] then
                here[#here + 1] = args[i]
            end
        end
        call('HSET', key, 'gen', args[1], 'born', args[2])
        call('EXPIRE', key, here[1] and MARKS_S or FENCE_S)
        return { OK, here }
    end

    -- Key: a session's packets in a region. Arguments: generation, packet id.
    local function release(keys, args)
        if is_older(call('HGET', keys[1], 'gen'), args[1]) then
            return FENCED
        end
        if call('HDEL', keys[1], args[2]) == 1 and call('HLEN', keys[1]) == 2 then
            call('EXPIRE', keys[1], FENCE_S)
        end
        return OK
    end

    register('nb_packet_note', note)
    register('nb_packet_regions', regions_of, { 'no-writes' })
    register('nb_packet_forget', forget)
    register('nb_packet_claim', claim)
    register('nb_packet_release', release)
end
