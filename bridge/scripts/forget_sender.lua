-- Forgetting what was said and shared (forget.lua), under the tag of an alert's sender or of an agency: alerts, witnesses, flags,
-- reports that are in others' alerts, clips, tips. nb:{sXX}:tombs names every alert, nb:{sXX}:footage_due every request; what
-- of them is still to be looked at is written down once, so that none is left out whatever changes meanwhile:
--   nb:{sXX}:forget:<n>:<asked>           hash: begun, ended (how many alerts), done
--   nb:{sXX}:forget:<n>:<asked>:alerts, :requests, :later   zsets of their ids; later: whose clips are still on a board

local STEP_IDS = 128 -- in one call
local TIP_MESSAGES = 16 -- likewise
local KEPT_S = 604800
local MORE, DONE, WAITS, TIP = 0, 1, 2, 3 -- how far a tag is

-- An alert of a resident: it ends everywhere, or goes on with what others reported. Of what it said nothing stays but what
-- its followers need to learn that it ended: category and area.
local function forget_alert(prefix, id, m)
    local key = prefix .. 'alert:' .. id
    finish(prefix, id, m)
    local known = call('HMGET', key, 'areas', 'shown', 'state')
    local began, ended = words(known[1]), tonumber(known[3]) == FINAL
    local area = #began > 0 and call('HGET', key, 'a' .. began[#began])
    for _, field in ipairs(call('HKEYS', key)) do
        if string.match(field, '^b%d+$') and (ended or field ~= 'b' .. known[2]) then
            call('HDEL', key, field)
        end
    end
    call('HDEL', key, 'document', 'document_type', 'document_revision', 'document_at', 'appeal', 'appealed', 'held_by')
    if ended then
        call('HDEL', key, 'sender', 'client', 'household', 'officer')
        call('DEL', prefix .. 'wait:' .. id, prefix .. 'seen:' .. id, prefix .. 'flags:' .. id)
        if area and known[2] then
            call('HSET', key, 'b' .. known[2], area)
        end
    end
end

-- Reports that are in somebody else's alert are taken back.
local function forget_parts(key, prefix, lead, w, m)
    for _, field in ipairs(call('HKEYS', key)) do
        local id = string.match(field, '^w(.+)$')
        local who = id and call('HGET', key, field)
        local sender, household = '', ''
        if who then
            local client
            sender, client, household = unpack(WHO, who)
        end
        if id and (w.whose == 'sender' and sender or household) == w.who then
            withdraw(prefix, lead, id, m)
            w.ended = w.ended + 1
        end
    end
    call('HDEL', key, 'h' .. w.household)
    for name in pairs(w.members) do
        call('HDEL', key, 'u' .. name)
    end
end

local function forget_about(prefix, id, w, m)
    local key = prefix .. 'alert:' .. id
    if call('HGET', key, w.whose) == w.who then
        forget_alert(prefix, id, m)
        w.ended = w.ended + 1
    end
    if call('HGET', prefix .. 'wait:' .. id, w.whose) == w.who then
        drop_waiting(prefix, id)
    end
    call('HDEL', prefix .. 'seen:' .. id, w.household)
    call('HDEL', prefix .. 'flags:' .. id, w.household)
    if call('EXISTS', prefix .. 'parts:' .. id) == 1 then
        forget_parts(prefix .. 'parts:' .. id, prefix, id, w, m)
    end
end

-- The next message of a conversation that is to be taken from the boards; nil: there is none.
local function next_tip(prefix, w)
    for name in pairs(w.members) do
        local tips = prefix .. 'tips:' .. name
        for _, id in ipairs(call('ZRANGE', tips, 0, -1)) do
            local key, messages = prefix .. 'tip:' .. id, {}
            for _, field in ipairs(call('HKEYS', key)) do
                local message = #messages < TIP_MESSAGES and string.match(field, '^d(.+)$')
                messages[#messages + 1] = message or nil
            end
            if messages[1] then
                return { id, call('HGET', key, 'agency') or '', name, messages }
            end
            call('DEL', key)
            call('ZREM', tips, id)
        end
        call('DEL', tips, prefix .. 'limit:' .. name)
    end
end

local function begin_tag(prefix, state, w)
    if call('HSETNX', state, 'begun', 1) == 0 then
        return
    end
    call('COPY', prefix .. 'tombs', state .. ':alerts', 'REPLACE')
    if w.account then
        call('COPY', prefix .. 'footage_due', state .. ':requests', 'REPLACE')
    end
    for _, part in ipairs({ '', ':alerts', ':requests' }) do
        call('EXPIRE', state .. part, KEPT_S)
    end
end

-- One tag, as far as there is room. Returns how far it is, the room that is left, and of a tip what is to be taken down.
local function forget_tag(prefix, w, m, room)
    local state = prefix .. 'forget:' .. w.ticket
    begin_tag(prefix, state, w)
    local alerts = call('ZRANGE', state .. ':alerts', 0, room - 1)
    for _, id in ipairs(alerts) do
        forget_about(prefix, id, w, m)
        call('ZREM', state .. ':alerts', id)
    end
    room = room - #alerts
    local requests = room > 0 and call('ZRANGE', state .. ':requests', 0, room - 1) or {}
    for _, id in ipairs(requests) do
        if forgetting.clips(prefix, id, w.household, m.now) > 0 then
            call('ZADD', state .. ':later', 0, id)
            call('EXPIRE', state .. ':later', KEPT_S)
        end
        call('ZREM', state .. ':requests', id)
    end
    room = room - #requests
    if room <= 0 then
        return MORE, room
    end
    local tip = next_tip(prefix, w)
    if tip then
        return TIP, room, tip
    elseif call('EXISTS', state .. ':later') == 1 then
        call('RENAME', state .. ':later', state .. ':requests')
        return WAITS, room
    end
    return DONE, room
end

-- Keys: each under another tag. Arguments: "<n>:<asked>", household, by, account, now, absence, then the members. Answers for
-- each key how far it is, how many alerts ended, and what of a tip is to be taken from boards first: its conversation, agency,
-- sender, messages.
local function senders(keys, args)
    local w = { ticket = args[1], household = args[2], account = args[4] == '1', whose = 'sender', who = args[3], members = {} }
    local m = { now = tonumber(args[5]), absence = tonumber(args[6]) }
    if w.account then
        w.whose, w.who = 'household', w.household
    end
    for i = 7, #args do
        w.members[args[i]] = true
    end
    local room, answer = STEP_IDS, {}
    for _, key in ipairs(keys) do
        local prefix = prefix_of(key)
        local known, far, tip = call('HMGET', prefix .. 'forget:' .. w.ticket, 'done', 'ended'), DONE, nil
        w.ended = tonumber(known[2] or 0)
        if not known[1] and room <= 0 then
            far = MORE
        elseif not known[1] then
            far, room, tip = forget_tag(prefix, w, m, room)
            call('HSET', prefix .. 'forget:' .. w.ticket, 'ended', w.ended)
        end
        if far == DONE and not known[1] then
            call('HSET', prefix .. 'forget:' .. w.ticket, 'done', 1)
        end
        put(answer, far, w.ended, tip or {})
    end
    return answer
end

-- Key: a conversation. Arguments: its messages that are on no board any more.
local function forget_tip(keys, args)
    for i = 1, #args do
        call('HDEL', keys[1], 'd' .. args[i])
    end
    return OK
end

register('nb_forget_senders', senders)
register('nb_forget_tip', forget_tip)
