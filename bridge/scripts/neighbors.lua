-- The functions that Redis runs for bridge/store.h: one library, "neighbors". The build joins the files of
-- this folder in the order of bridge/CMakeLists.txt and puts the library's name and VERSION before this line.
--
-- Every function does one whole step, and may be repeated: the caller sends again what was not answered.
-- Numbers are whole and below 2^53. Packed values are big-endian.
--
-- Keys under a region's tag, {r00} to {rff}, of a geohash's first five letters:
--   nb:{rXX}:ch:<geohash>       stream, the channel: a = activity records of 8 bytes, x = alert notice
--                               <geohash>* has the notices of all alerts in the channels of a cell of precision 2
--   nb:{rXX}:al:<geohash>       hash, alerts there: public id (12 bytes) -> revision, in force, sender's tag, until
--   nb:{rXX}:lo:<geohash>       hash, low: the low-water mark; generation (none: 1)
--   nb:{rXX}:log:<household>    stream, what its devices sent: e = records, each after its length in one byte
--   nb:{rXX}:near:<token>       reports of the last minutes whose place it is (report.lua)
--   nb:{rXX}:cell:<geohash>:<category>  zset of reports there by when they came
--   nb:{rXX}:open               hash, leaf cells whose activity is published: leaf cell -> k, age that counts in seconds
--   nb:{rXX}:cool:<epoch>       hash, what was published last: household, device's number, kind -> when it happened, seconds
--   nb:{rXX}:pend               list, activity that waits (release.lua), in the order of its windows
--   nb:{rXX}:sharers:<digest>   zset, sharing households of the leaf cell of that digest (bridge/place_seal.h):
--                               household -> ms since when verified
--   nb:{rXX}:share              hash, household -> decimal mask, bit n: motion kind n may be published; a blank, the version
--                               of what the household shares
-- The last two are derived (household.lua), under the tag of the member's own cell of precision 5; then
--   nb:{rXX}:sharing            number, is raised (INCR), so that what is known of them is looked up anew
--   nb:{rXX}:askable:<digest>   who may be asked for footage in a cell (askable.lua)
--   nb:{rXX}:settled:<household>  the newest settling that came there, for a while (household.lua)
-- Repeat state of the events of a region, by a bucket (two digits) of their senders:
--   nb:{rXX}:seq:<bucket>       hash: sender and instance -> 64 bytes (motion.lua)
--   nb:{rXX}:once:<bucket>      hash, of senders without numbers: their last 64 events, 8 bytes each (motion.lua)
--   nb:{rXX}:q2:<session>       hash, packets of QoS 2 of a session (<role>/<id>/<client>) that are stored here (packet.lua)
--
-- Keys under a sender's tag, {s00} to {s3f}:
--   nb:{sXX}:alert:<public id>  hash (alert.lua)
--   nb:{sXX}:alias:<public id>  what a message became that is no alert itself: target, digest, revision (4 bytes)
--   nb:{sXX}:outbox, :first     streams of changes to carry to the channels; first: corrections, cancels, endings
--   nb:{sXX}:wait:<public id>   hash, what is kept back of it (alert.lua)
--   nb:{sXX}:expiry, :tombs     zsets of public ids by when they end, and by when nothing of them is needed; in expiry also
--                               "w" and the id of what is kept back
--   nb:{sXX}:agency             zset of agencies' alerts in force by when they became as they are
--   nb:{sXX}:limit:<sender>     zset of its new alerts by when they came
--   nb:{sXX}:parts:<public id>  hash, the reports that are in it (parts.lua)
--   nb:{sXX}:seen:, :flags:, :held (moderation.lua); :acts, :moderation, :refused (act.lua); :acts_read (log.lua)
--   nb:{sXX}:own:, alert.lua; :tip:, :tips:, :programme:, :programmes: (tip.lua)
--   nb:{sXX}:push:, :pushes, :push_at:, :push_due, :push_out (push.lua)
--   nb:{sXX}:footage:, :asked:, :ask:, :clips:, :sealed:, :footage_find, :footage_due, :footage_of:, :cases:
--                               (footage_stage.lua)
--
-- Keys under a household's tag, {h:<household>} (bridge/registry.h, household.lua):
--   nb:{h:…}:household, :members, :leaves, :askable, :lock; :attempts, :invited (verification.lua); :asked (footage_stage.lua)
--   nb:{h:…}:settings           hash: version sharing zone retention footage shared
--
-- Keys under a principal's tag, {p:<role>/<id>}:
--   nb:{p:…}:principal          hash, written by enrolment (bridge/registry.h): household name number place former since
--                               share tokens_after revoked verified banned_until ban_reason jurisdiction certificate
--                               must_sign no_approval forgiving drilled no_drill kind office devices
--   nb:{p:…}:instances          hash, written by enrolment: client id -> "0", or before when (ms) no token of it counts,
--                               after an "r" while it is revoked
--   nb:{p:…}:clients            set of the client ids of which there may be anything here below
--   nb:{p:…}:officers           set, who may act for an agency
--   nb:{p:…}:s:<client>         hash, a session: gen born expiry subs (sealed) cursors wishes closed
--   nb:{p:…}:q2:<client>        hash, QoS 2 packet ids not yet released: where they may be stored (packet.lua)
--   nb:{p:…}:in:<client>        stream, its inbox: i = 8 bytes that tell repeats, then the data
--   nb:{p:…}:inlo:<client>      hash, low: the inbox's low-water mark
--   nb:{p:…}:board, :down, :boxes (board.lua)
--   nb:{p:…}:cells              hash, what it followed lately (cells.lua); p: also address/<digest>
--
-- Keys of what there is once, each under a tag of its own:
--   nb:{log}:…                  the public record (log.lua)
--   nb:{forget}:…               what is to be forgotten (forget.lua); how far a tag is with it: nb:{…}:forget:<work> there
--   nb:{footage}:…              nothing but the lease of who does footage requests
--   nb:{followers}:nodes, :n:<node>, :next:<node>  how many follow which leaf cell, by process (followers.lua)
--   nb:{agencies}:list, :version  what the public is told of agencies (bridge/registry_agency.h)
--   nb:{banned}:until           who is banned (bridge/registry.h)
--   nb:{geocodes}:<scheme>, nb:{geocode-schemes}:names  the operator's tables of areas (bridge/geocodes.h)
--   nb:{code:<digest>}:…, nb:{invitations}:…  invitations and codes (invitation.lua, verification.lua)
--   nb:{u00} to nb:{u0f}:unsettled  households that are to be settled, by 16 tags (household.lua)
--
-- Under each tag that something is done for by processes for all: lease:<work>, who does it. Trimming has one a master, by its
-- number: nb:{rXX}:lease:trim.
-- nb:layout is the version of all this. Sharded pub/sub in the slot of their stream tells entries:
-- nb:{rXX}:feed:c:<geohash> and nb:{p:<principal>}:feed:i:<principal>/<client>; a message is the entry's kind, its id, a
-- space, its data. nb:sessions and nb:principals tell of openings and changes.

-- Lua's own unpack; below, unpack is the one for packed values.
local function spread(list)
    return unpack(list)
end

-- Redis gives its libraries to running functions only, not while this is loaded: prepare sets these at the
-- first call.
local call, pack, unpack, band, bor, bnot, lshift
local byte, sub, concat, floor
local ALL_ONES -- 128 bits
local REGION, SENDER = {}, {} -- the beginning of keys, by tag

local function prepare()
    call, pack, unpack = redis.call, struct.pack, struct.unpack
    band, bor, bnot, lshift = bit.band, bit.bor, bit.bnot, bit.lshift
    byte, sub, concat, floor = string.byte, string.sub, table.concat, math.floor
    ALL_ONES = string.rep('\255', 16)
    for tag = 0, 255 do
        REGION[tag] = string.format('nb:{r%02x}:', tag)
    end
    for tag = 0, 63 do
        SENDER[tag] = string.format('nb:{s%02x}:', tag)
    end
end

-- How status is told to bridge/store_*.c; the numbers are theirs.
local OK, FENCED, NOT_FOUND, REVOKED = 0, 2, 3, 4
local CONFLICT, REPEAT, DEAD = 5, 6, 7
local LIMITED, ENDED, TOKEN_VOID = 9, 10, 11
-- What is still to be asked elsewhere, for bridge/store_alert.c and store_report.c alone.
local FORWARD, JOIN, LATER = 100, 101, 102
-- enum truth
local UNVERIFIED, CORROBORATED, CONFIRMED, REFUTED = 1, 2, 3, 4

-- Appends to a region's channel ("nb:{rXX}:ch:<geohash>") and tells who follows it, in one hop.
local function append(key, kind, data)
    local id = call('XADD', key, '*', kind, data)
    call('SPUBLISH', sub(key, 1, 9) .. 'feed:c:' .. sub(key, 13), kind .. id .. ' ' .. data)
end

-- Likewise to a session's inbox. Returns the entry's id.
local function append_inbox(prefix, client, data)
    local id = call('XADD', prefix .. 'in:' .. client, '*', 'i', data)
    call('SPUBLISH', prefix .. 'feed:i:' .. sub(prefix, 7, -3) .. '/' .. client, 'i' .. id .. ' ' .. data)
    return id
end

-- The beginning of a key, its tag with it.
local function prefix_of(key)
    return string.match(key, '^nb:{[^}]*}:')
end

-- True when `holder` has the lease of this work under this tag, or gets it; otherwise false, and for how many ms nobody else
-- need ask. What it costs Redis' log is one write each half of it, so whoever holds it asks at least as often.
local function lease(prefix, work, holder, milliseconds)
    local key = prefix .. 'lease:' .. work
    local who = call('GET', key)
    if who and who ~= holder then
        return false, math.max(call('PTTL', key), 1)
    end
    if not who or call('PTTL', key) < milliseconds / 2 then
        call('SET', key, holder, 'PX', milliseconds)
    end
    return true
end

-- What enrolment wrote of sharing in a region, kept from call to call as long as its version, nb:{rXX}:sharing (`key`), is the
-- same, and ten seconds at most. Without a version it is kept for one call. `cutoff` tells the time.
local KNOWN_MOST, KNOWN_MS = 20000, 10000
local known, known_size, known_calls = {}, 0, 0

local function sharing_known(key, version, cutoff)
    local there = known[key]
    if there and version and there.version == version and cutoff > there.from and cutoff < there.till then
        return there
    end
    known_size = known_size - (there and there.size or 0)
    there = { prefix = prefix_of(key), version = version, from = cutoff - KNOWN_MS, till = cutoff + KNOWN_MS, size = 0,
        leaves = {}, looked = {}, kinds = {} }
    known[key] = there
    return there
end

-- Begins to look: what was too little in another call is looked at anew.
local function begin_known()
    known_calls = known_calls + 1
    if known_size > KNOWN_MOST then
        known, known_size = {}, 0
    end
end

local function one_more_known(sharing)
    sharing.size, known_size = sharing.size + 1, known_size + 1
end

-- Whether activity of this leaf cell may be published: it begins with `terms.begin` households that share there since before
-- `terms.cutoff`, and ends below `terms.k`; so one household that comes and goes does not switch it. That there were too few
-- is looked at anew in each call, for time alone can change it.
local function enough_sharers(sharing, prefix, leaf, terms)
    if sharing.leaves[leaf] or sharing.looked[leaf] == known_calls then
        return sharing.leaves[leaf]
    end
    local count = call('ZCOUNT', prefix .. 'sharers:' .. leaf, '-inf', terms.cutoff)
    local open = call('HEXISTS', prefix .. 'open', leaf) == 1
    local enough = count >= (open and terms.k or terms.begin)
    if enough and not open then
        call('HSET', prefix .. 'open', leaf, string.format('%d %.0f', terms.k, call('TIME')[1] - terms.cutoff / 1000))
    elseif open and not enough then
        call('HDEL', prefix .. 'open', leaf)
    end
    sharing.leaves[leaf], sharing.looked[leaf] = enough, known_calls
    one_more_known(sharing)
    return enough
end

-- A household left: with too few its activity has ended there and then, whether or not there was any.
local function close_leaf(prefix, leaf)
    local k, age = string.match(call('HGET', prefix .. 'open', leaf) or '', '^(%d+) (-?%d+)$')
    if k and call('ZCOUNT', prefix .. 'sharers:' .. leaf, '-inf',
        string.format('%.0f', (call('TIME')[1] - age) * 1000)) < tonumber(k) then
        call('HDEL', prefix .. 'open', leaf)
    end
end

-- The motion kinds that the household shares in this region, as a mask; none when what was judged was judged under another
-- version of what it shares.
local function shared_kinds(sharing, prefix, household, version)
    local judged = sharing.kinds[household]
    if not judged then
        local mask, under = string.match(call('HGET', prefix .. 'share', household) or '0', '^(%d+) ?(%d*)$')
        judged = { mask = tonumber(mask) or 0, version = tonumber(under) or 0 }
        sharing.kinds[household] = judged
        one_more_known(sharing)
    end
    return judged.version == version and judged.mask or 0
end

-- Packed activity records, as they wait: what would be published (8), the device's number in its household (2), when it
-- happened in seconds (4).
local RECORD, WAITING_RECORD = 8, 14

-- Those whose kind is in the mask; `kinds` is the mask of all that occur.
local function shared_records(records, kinds, mask)
    if band(kinds, mask) == kinds then
        return records
    end
    local kept = {}
    for at = 1, #records, WAITING_RECORD do
        if band(mask, lshift(1, byte(records, at + 2) % 16)) ~= 0 then
            kept[#kept + 1] = sub(records, at, at + WAITING_RECORD - 1)
        end
    end
    return concat(kept)
end

-- Of what a cooldown is asked for: its seconds, its epoch, for how long an epoch is kept. The ends of its keys are made once.
local function cooldown_terms(terms, cooldown, epoch, keep)
    terms.cooldown, terms.keep, terms.kept = cooldown, keep, {}
    terms.now, terms.before = 'cool:' .. epoch, 'cool:' .. epoch - 1
    return terms
end

-- Adds those of the records to `items` that do not come too soon: two of a device and kind within its cooldown are one, the
-- later one is held against the last that was published, in the hashes of this epoch and of the one before. Returns how many
-- were one with another.
local function publish_cooled(items, records, prefix, household, terms)
    local merged, now, before = 0, prefix .. terms.now, prefix .. terms.before
    for from = 1, #records, WAITING_RECORD do
        local field = household .. '/' .. sub(records, from + RECORD, from + RECORD + 1) .. byte(records, from + 2) % 16
        local at = unpack('>I4', records, from + RECORD + 2)
        local last = call('HGET', now, field) or call('HGET', before, field)
        if last and math.abs(at - last) < terms.cooldown then
            merged = merged + 1
        else
            call('HSET', now, field, at)
            items[#items + 1] = sub(records, from, from + RECORD - 1)
        end
    end
    -- Once a call; it is not there when all was one with what was published in the epoch before.
    terms.kept[now] = terms.kept[now] or call('EXPIRE', now, terms.keep) == 1
    return merged
end

-- Adds to `items` what is published of the records. Returns how many were one with another.
local function publish_records(items, records, prefix, household, terms)
    if terms.cooldown > 0 then
        return publish_cooled(items, records, prefix, household, terms)
    end
    for from = 1, #records, WAITING_RECORD do
        items[#items + 1] = sub(records, from, from + RECORD - 1)
    end
    return 0
end

local function register(name, work, flags)
    local function run(keys, args)
        if not call then
            prepare()
        end
        if #keys > 1 and sub(keys[#keys], -6) == ':guard' then
            keys[#keys] = nil -- store_inside.h says what it is for
        end
        return work(keys, args)
    end
    redis.register_function { function_name = name, callback = run, flags = flags or {} }
end

register('nb_version', function() return VERSION end, { 'no-writes', 'allow-stale', 'allow-oom' })
