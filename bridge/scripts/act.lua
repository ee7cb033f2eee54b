-- Acts: what agencies, the operator and those who are moderated did, in the order in which it was done under a tag; of
-- those that are for the public, leaves of the record are made (log.lua, bridge/record_leaf.h says which and of what).
--   nb:{sXX}:acts       stream, never trimmed, one entry an act: what (a word), by ("<role>/<id>"), officer, alert (public id
--                      of the alert or footage request; of a ban the principal; of a refusal what was refused, in one
--                      line), revision, reason, at (ms); and where there is something to say: name (the agency's in
--                      public), case, text (public words: a headline, what is sought, a rule), digest (of the message),
--                      count
--   nb:{sXX}:moderation hash of counts: each `what` of the acts but of alerts (and flagged)
-- What can be done: alert, updated, cancelled; confirmed, refuted, approved, released, removed; footage-request, resolved,
-- reward; refused; disclosure; agency-added, agency-changed, agency-removed; banned, unbanned; and without a leaf: held,
-- appealed. Another word needs a row in bridge/record_leaf.c.
-- The sequencer walks the 64 tags of senders; acts under another tag would never be found, so none can be noted there.

local ACT_MORE = { 'name', 'case', 'text', 'digest', 'count' }

-- Notes an act under the tag of `prefix`, "nb:{sXX}:", within the step that does it. Fields of `act` as above, `alert` as
-- `subject`; what is nil is left out, or ''.
local function note_act(prefix, act)
    assert(sub(prefix, 1, 5) == 'nb:{s' and #prefix == 9, 'acts are noted under the tag of a sender')
    local fields = { 'what', act.what, 'by', act.by or '', 'officer', act.officer or '', 'alert', act.subject or '',
        'revision', act.revision or 0, 'reason', act.reason or '', 'at', act.at }
    for _, name in ipairs(ACT_MORE) do
        local value = act[name]
        if value and value ~= '' then
            fields[#fields + 1], fields[#fields + 2] = name, value
        end
    end
    call('XADD', prefix .. 'acts', '*', spread(fields))
end

-- The same, and counts it for the operator.
local function record_act(prefix, act)
    note_act(prefix, act)
    call('HINCRBY', prefix .. 'moderation', act.what, 1)
end

local REFUSED_AGAIN_MS = 3600000

-- A refusal that says the same of the same message as its sender's last one, within the hour, is that one: a client that
-- sends again and again, or a call whose answer was lost. The hash nb:{sXX}:refused has the last of each: "<at> <what>".
local function is_said(prefix, act)
    local said = (act.digest or '') .. ' ' .. act.text
    local last = call('HGET', prefix .. 'refused', act.by) or ''
    local at, before = string.match(last, '^(%d+) (.*)$')
    if before == said and act.at - tonumber(at) < REFUSED_AGAIN_MS then
        return true
    end
    call('HSET', prefix .. 'refused', act.by, string.format('%d ', act.at) .. said)
    return false
end

-- Keys: acts, counts. Arguments: what, by, officer, subject, reason, at, name, case, text, digest, count. For what is done
-- by nothing but being noted: a refusal, a disclosure, an agency added.
local function act_noted(keys, args)
    local prefix, act = sub(keys[1], 1, #keys[1] - 4), { what = args[1], by = args[2], officer = args[3],
        subject = args[4], reason = args[5], at = tonumber(args[6]), name = args[7], case = args[8], text = args[9],
        digest = args[10], count = args[11] }
    if act.what ~= 'refused' or not is_said(prefix, act) then
        record_act(prefix, act)
    end
    return OK
end

register('nb_act', act_noted)
