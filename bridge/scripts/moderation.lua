-- What others say of an alert: neighbors who saw it too or want it gone, agencies, moderators. All under the tag of the
-- alert's sender:
--   nb:{sXX}:seen:<public id>   hash, who saw it too: household -> "<ms> <remark>"
--   nb:{sXX}:flags:<public id>  hash, who wants it gone: household -> "<enum flag_reason> <ms> <remark>"
--   nb:{sXX}:held               zset of public ids that wait for a moderator, by the ms since when
--   nb:{sXX}:acts, :moderation  what was done and how often (act.lua); in :moderation also how many flagged
-- Whoever wants all of it reads the 64 tags, {s00} to {s3f}. Bans have no alert: they are under {s00}. What a moderator
-- needs of one that is held, out of nb:{sXX}:alert:<public id>: sender, household, expires, appeal, appealed (ms), shown
-- (a revision), and b<shown>, its body.

local VERDICT = { 'confirmed', 'refuted', 'approved', 'released', 'removed' }

-- What a neighbor may know of the alert: NOT_FOUND, ENDED or OK, its newest revision, its household, an agency's, state.
local function look(key)
    local known = call('HMGET', key, 'state', 'revision', 'household', 'agency', 'sender', 'client')
    local state, revision = tonumber(known[1]), tonumber(known[2] or 0)
    local found = { status = OK, revision = revision, household = known[3] or '', agency = known[4], state = state,
        sender = known[5] or '', client = known[6] or '' }
    if revision == 0 then
        found.status = NOT_FOUND
    elseif state ~= IN_FORCE then
        found.status = ENDED
    end
    return found
end

-- Whether the household sent it, alone or with others.
local function is_own(prefix, id, found, household)
    return household ~= '' and (found.household == household
        or call('HEXISTS', prefix .. 'parts:' .. id, 'h' .. household) == 1)
end

-- Key: the alert. Arguments: its public id, household, remark, now, how many are enough, absence. Answers status, id,
-- revision. The sender's own household has said so already.
local function witness(keys, args)
    local key, prefix, id, household, now = keys[1], sub(keys[1], 1, 9), args[1], args[2], tonumber(args[4])
    local found, seen = look(key), prefix .. 'seen:' .. id
    if found.status == NOT_FOUND then
        return { NOT_FOUND, id, 0 }
    end
    if call('HEXISTS', seen, household) == 1 or is_own(prefix, id, found, household) then
        return { REPEAT, id, found.revision }
    end
    if found.status ~= OK then
        return { found.status, id, found.revision }
    end
    call('HSET', seen, household, now .. ' ' .. args[3])
    if call('HLEN', seen) >= tonumber(args[5]) then
        call('HSET', key, 'corroborated', 1)
        if not found.agency and unpack(ABOUT, call('HGET', key, 'about') or ABOUT_NOTHING) <= UNVERIFIED then
            found.revision = revise(prefix, id, IN_FORCE, { now = now, absence = tonumber(args[6]), truth = CORROBORATED })
        end
    end
    return { OK, id, found.revision }
end

-- From the sender of what is held: once.
local function appeal(prefix, id, found, m)
    local key = prefix .. 'alert:' .. id
    if not is_own(prefix, id, found, m.household) then
        return { NOT_FOUND }
    elseif found.state ~= HELD then
        return { ENDED }
    elseif call('HEXISTS', key, 'appeal') == 1 then
        return { REPEAT }
    end
    call('HSET', key, 'appeal', m.remark, 'appealed', m.now)
    record_act(prefix, { what = 'appealed', by = found.sender, subject = id, revision = found.revision, reason = m.remark,
        at = m.now })
    return { OK }
end

local function hold(prefix, id, m, flags)
    local revision = revise(prefix, id, HELD, m)
    call('HDEL', prefix .. 'alert:' .. id, 'appeal', 'appealed')
    call('HSET', prefix .. 'alert:' .. id, 'held_by', m.household)
    call('ZADD', prefix .. 'held', m.now, id)
    record_act(prefix, { what = 'held', subject = id, revision = revision, reason = flags .. ' flags', at = m.now })
end

-- Key: the alert. Arguments: its public id, household, reason, remark, now, how many are enough, 1 for an appeal,
-- absence. Answers status, 1 when it is held by this, sender, client. An agency's is never held so; one that a moderator
-- let out again takes as many new ones. The flag that held it is answered so as long as it is held, for its sender must
-- be told.
local function flag(keys, args)
    local key, prefix, id = keys[1], sub(keys[1], 1, 9), args[1]
    local m = { household = args[2], remark = args[4], now = tonumber(args[5]), absence = tonumber(args[8]) }
    local found, flags = look(key), prefix .. 'flags:' .. id
    if found.status == NOT_FOUND then
        return { NOT_FOUND }
    elseif args[7] == '1' then
        return appeal(prefix, id, found, m)
    elseif found.state == HELD and call('HGET', key, 'held_by') == m.household then
        return { OK, 1, found.sender, found.client }
    elseif call('HEXISTS', flags, m.household) == 1 or is_own(prefix, id, found, m.household) then
        return { REPEAT }
    elseif found.status ~= OK then
        return { found.status }
    end
    call('HSET', flags, m.household, args[3] .. ' ' .. m.now .. ' ' .. m.remark)
    call('HINCRBY', prefix .. 'moderation', 'flagged', 1)
    local fresh = call('HLEN', flags) - tonumber(call('HGET', key, 'judged') or 0)
    if found.agency or fresh < tonumber(args[6]) then
        return { OK, 0 }
    end
    hold(prefix, id, m, fresh)
    return { OK, 1, found.sender, found.client }
end

-- Each verdict: what it does, given what was found, what was asked, and now and absence as m. Answers status, revision.
local judge = {}

local function judge_truth(truth)
    return function(prefix, id, found, asked, m)
        if found.state ~= IN_FORCE then
            return ENDED
        elseif unpack(ABOUT, call('HGET', prefix .. 'alert:' .. id, 'about') or ABOUT_NOTHING) == truth then
            return REPEAT
        elseif asked.revision ~= 0 and asked.revision ~= found.revision then
            return CONFLICT
        end
        return OK, revise(prefix, id, IN_FORCE, { now = m.now, absence = m.absence, truth = truth })
    end
end

function judge.approved(prefix, id, found, asked, m)
    local key, back = prefix .. 'alert:' .. id, waiting(prefix, id, m.now, m.absence)
    if asked.by ~= found.sender then
        return REVOKED
    elseif found.state == HELD or not back then
        return found.state == IN_FORCE and REPEAT or ENDED
    elseif asked.officer == '' or asked.officer == back.officer then
        return REVOKED
    elseif asked.revision ~= 0 and asked.revision ~= back.revision then
        return CONFLICT
    end
    drop_waiting(prefix, id)
    if back.expires <= m.now then
        return ENDED
    end
    end_others(prefix, back.others, id, back)
    local revision = revise(prefix, id, IN_FORCE, back)
    call('HSET', key, 'approved', revision)
    return OK, revision
end

function judge.released(prefix, id, found, asked, m)
    local key = prefix .. 'alert:' .. id
    if found.state ~= HELD then
        return found.state == IN_FORCE and REPEAT or ENDED
    elseif asked.revision ~= 0 and asked.revision ~= found.revision then
        return CONFLICT
    end
    local back = waiting(prefix, id, m.now, m.absence) or { now = m.now, absence = m.absence }
    local expires = back.expires or tonumber(call('HGET', key, 'expires'))
    call('ZREM', prefix .. 'held', id)
    call('HSET', key, 'released', 1, 'judged', call('HLEN', prefix .. 'flags:' .. id))
    drop_waiting(prefix, id)
    if expires <= m.now then
        call('HSET', key, 'state', EXPIRED)
        return ENDED
    end
    back.expires = expires
    return OK, revise(prefix, id, IN_FORCE, back)
end

function judge.removed(prefix, id, found, asked, m)
    local key = prefix .. 'alert:' .. id
    if call('HEXISTS', key, 'removed') == 1 then
        return REPEAT
    elseif asked.revision ~= 0 and asked.revision ~= found.revision then
        return CONFLICT
    elseif call('HEXISTS', key, 'digest') == 0 then
        return ENDED
    end
    call('HSET', key, 'removed', 1)
    call('ZREM', prefix .. 'held', id)
    drop_waiting(prefix, id)
    if found.revision == 0 then
        call('HSET', key, 'state', FINAL)
        return OK, 0
    end
    return OK, revise(prefix, id, FINAL, m)
end

-- Key: the alert. Arguments: its public id, the revision that was looked at, decision, by, officer, reason, now, absence,
-- by's name in public, case number. Answers status, revision, sender, client.
local function verdict(keys, args)
    local key, prefix, id = keys[1], sub(keys[1], 1, 9), args[1]
    local asked = { revision = tonumber(args[2]), by = args[4], officer = args[5] }
    local m, what = { now = tonumber(args[7]), absence = tonumber(args[8]) }, VERDICT[tonumber(args[3])]
    local found = look(key)
    -- What was never told is nothing but for who may let it out, or keep it in.
    if not found.state or not what or (found.revision == 0 and what ~= 'approved' and what ~= 'removed') then
        return { NOT_FOUND, 0 }
    end
    judge.confirmed = judge.confirmed or judge_truth(CONFIRMED)
    judge.refuted = judge.refuted or judge_truth(REFUTED)
    -- The very same call, sent again because its answer was lost, is answered as the first time.
    local this_call = concat(args, '\0', 1, 7)
    local last = call('HMGET', key, 'verdict', 'verdict_revision')
    if last[1] == this_call then
        return { OK, tonumber(last[2]), found.sender, found.client }
    end
    local status, revision = judge[what](prefix, id, found, asked, m)
    if status == OK then
        record_act(prefix, { what = what, by = asked.by, officer = asked.officer, subject = id, revision = revision,
            reason = args[6], at = m.now, name = args[9], case = args[10] })
        call('HSET', key, 'verdict', this_call, 'verdict_revision', revision)
    end
    return { status, revision or found.revision, found.sender, found.client }
end

register('nb_witness', witness)
register('nb_flag', flag)
register('nb_verdict', verdict)
