-- The public record: acts (act.lua) become leaves of one append-only Merkle tree (bridge/merkle.h). Acts are read under their
-- own tags (nb_log_acts); all else is under one:
--   nb:{log}:tree          hash: size, head (the newest signed TreeHead)
--   nb:{log}:cursors       hash, a sender's tag ("s00") -> id of the last act that is in the log, or needs no leaf
--   nb:{log}:leaves        stream, never trimmed: l = the encoded LogLeaf, at the id <index + 1>-0
--   nb:{log}:n<level>:<c>  string, hashes of the nodes c * 4096 to c * 4096 + 4095 of the level; level 0: the leaves'
-- Whoever has the lease "log" makes the leaves and signs. An append compares the size and every cursor with what was read
-- before, so that each act becomes a leaf once whoever dies, freezes or sends again.

local CHUNK, HASH = 4096, 32

local function node_key(level, index)
    return 'nb:{log}:n' .. level .. ':' .. floor(index / CHUNK)
end

local function node(level, index)
    local at = index % CHUNK * HASH
    return call('GETRANGE', node_key(level, index), at, at + HASH - 1)
end

local function tree()
    local known = call('HMGET', 'nb:{log}:tree', 'size', 'head')
    return tonumber(known[1] or 0), known[2] or ''
end

-- Key: the tree. Holder, lease (ms). Answers -1 and for how many ms another has the lease; or the size, the head, and the
-- cursors, each tag's name and then where it stands.
local function log_take(_, args)
    local mine, ms = lease('nb:{log}:', 'log', args[1], tonumber(args[2]))
    if not mine then
        return { -1, ms }
    end
    local size, head = tree()
    return { size, head, call('HGETALL', 'nb:{log}:cursors') }
end

-- Keys: acts, each of another tag. Arguments: how many at most, and for each key the cursor. Answers for each with acts behind
-- its cursor its place among the keys, counted from 0, and the acts: id, { field, value … }. What it found it notes
-- (nb:{sXX}:acts_read), so that the answer waits for the replicas that are to have it: an act that a lost master took with it
-- must not be a leaf.
local function log_acts(keys, args)
    local room, answer = tonumber(args[1]), {}
    for i, key in ipairs(keys) do
        local acts = room > 0 and call('XRANGE', key, '(' .. args[i + 1], '+', 'COUNT', room) or {}
        if #acts > 0 then
            call('SET', key .. '_read', acts[#acts][1])
            put(answer, i - 1, acts)
            room = room - #acts
        end
    end
    return answer
end

-- Key: the tree. Holder, lease, size; how many tags, then for each its name, cursor before and now; how many leaves, then each; then for
-- each node that they complete its level, index and hash. Answers OK, or CONFLICT when any of it is not as it was.
local function log_append(_, args)
    local size, at = tree(), 4
    if not lease('nb:{log}:', 'log', args[1], tonumber(args[2])) or size ~= tonumber(args[3]) then
        return CONFLICT
    end
    local tags = tonumber(args[at])
    for i = 1, tags do
        local name, before = args[at + 3 * i - 2], args[at + 3 * i - 1]
        if (call('HGET', 'nb:{log}:cursors', name) or '0-0') ~= before then
            return CONFLICT
        end
    end
    for i = 1, tags do
        call('HSET', 'nb:{log}:cursors', args[at + 3 * i - 2], args[at + 3 * i])
    end
    at = at + 3 * tags + 1
    local leaves = tonumber(args[at])
    for i = 1, leaves do
        call('XADD', 'nb:{log}:leaves', (size + i) .. '-0', 'l', args[at + i])
    end
    for i = at + leaves + 1, #args, 3 do
        local index = tonumber(args[i + 1])
        call('SETRANGE', node_key(args[i], index), index % CHUNK * HASH, args[i + 2])
    end
    call('HSET', 'nb:{log}:tree', 'size', size + leaves)
    return OK
end

-- Key: the tree. Holder, lease, the head before, the head. Answers OK or CONFLICT.
local function log_sign(_, args)
    local _, head = tree()
    if not lease('nb:{log}:', 'log', args[1], tonumber(args[2])) or head ~= args[3] then
        return CONFLICT
    end
    call('HSET', 'nb:{log}:tree', 'head', args[4])
    return OK
end

-- Key: the tree. Level and index of nodes. Answers the size, the head, and the hash of each; '' for one that is not there.
local function log_nodes(_, args)
    local size, head = tree()
    local answer = { size, head }
    for i = 1, #args, 2 do
        answer[#answer + 1] = node(args[i], tonumber(args[i + 1]))
    end
    return answer
end

-- Key: the tree. From, count. Answers the size, the head, and for each place the leaf and the hash that its node has; ''
-- for what is not there.
local function log_leaves(_, args)
    local size, head = tree()
    local from, count = tonumber(args[1]), tonumber(args[2])
    local answer, found = { size, head }, {}
    count = math.max(0, math.min(count, size - from))
    if count > 0 then
        for _, entry in ipairs(call('XRANGE', 'nb:{log}:leaves', (from + 1) .. '-0', (from + count) .. '-0')) do
            found[entry[1]] = entry[2][2]
        end
    end
    for index = from, from + count - 1 do
        put(answer, found[(index + 1) .. '-0'] or '', node(0, index))
    end
    return answer
end

register('nb_log_take', log_take)
register('nb_log_acts', log_acts)
register('nb_log_append', log_append)
register('nb_log_sign', log_sign)
register('nb_log_nodes', log_nodes, { 'no-writes' })
register('nb_log_leaves', log_leaves, { 'no-writes' })
