-- Agencies, as far as the broker writes of them.

-- Key: the principal. Arguments: its name, when its test alert came back to it. The first time counts.
local function drilled(keys, args)
    if call('EXISTS', keys[1]) == 0 then
        return NOT_FOUND
    end
    if call('HSETNX', keys[1], 'drilled', args[2]) == 1 then
        call('PUBLISH', 'nb:principals', args[1])
    end
    return OK
end

-- Key: the public list. Answers what the public is told of each agency, in the order of their ids.
local function agencies(keys)
    local ids = call('HKEYS', keys[1])
    table.sort(ids)
    local told = {}
    for i = 1, #ids do
        told[i] = call('HGET', keys[1], ids[i])
    end
    return told
end

register('nb_drilled', drilled)
register('nb_agencies', agencies, { 'no-writes' })
