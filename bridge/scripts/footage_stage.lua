-- What footage.lua (requests: whom they ask) and clips.lua (what was shared, what the agency has of it) have in common. All
-- under the tag of the agency:
--   nb:{sXX}:footage:<request id>  hash: agency client officer case incident digest body cells (7 letters each) from to until
--                                  (when it ends), planned (when it was to end), at, stage, settled: asked or nobody
--   nb:{sXX}:asked:<request id>    set of the households that it concerns
--   nb:{sXX}:ask:<request id>      hash, those still to be told of it or of its end: household -> field `devices`, encoded
--   nb:{sXX}:clips:<request id>    hash, clip -> state (CLIP), since when (8 bytes, ms), delete_by (8), household after its
--                                  length
--   nb:{sXX}:sealed:<request id>   hash, clip -> its bytes, until the agency's board has them
--   nb:{sXX}:footage_find, :footage_due  zsets of request ids by when somebody must look for households or tell them, and for
--                                  what is to be given out, taken down or forgotten
--   nb:{sXX}:footage_of:<agency>   zset of its requests by their end
--   nb:{sXX}:cases:<agency>        hash: "r" and a case -> its request ids, one after the other; "c" and a case -> outcome
--   nb:{h:<household>}:asked       hash, request id -> until
-- To decline leaves no trace: it is an answer without clips.

-- A request: its households are looked for; they are told; all were; they are told of its end; nobody is any more.
local FIND, ASK, OPEN, TELL, OVER = 'find', 'ask', 'open', 'tell', 'over'

local function next_batch(ms, interval)
    return (floor(ms / interval) + 1) * interval
end

local function due_at(prefix, id, ms)
    local key = prefix .. 'footage_due'
    local known = call('ZSCORE', key, id)
    if not known or tonumber(known) > ms then
        call('ZADD', key, string.format('%d', ms), id)
    end
end
