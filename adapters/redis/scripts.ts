import { createHash } from 'node:crypto'

/**
 * The steps that have to be one step, as scripts. Each server loads them when we connect and knows them by their
 * digest after that.
 *
 * Keys come as pairs of lease and entry, records (versions of tags and of the namespace) after them; for the steps of
 * a fill they come by kind, so that all that is read is read by one command. Numbers that shape the call come first in
 * the arguments. A command that a full server refuses answers with its error in the place of its result, so that one
 * refusal does not hide what else was done.
 */
export interface Script {
  readonly source: string
  readonly sha: string
}

function script(source: string): Script {
  return { source, sha: createHash('sha1').update(source).digest('hex') }
}

/** An argument that is not there. */
export const NONE = ''

// KEYS: leases, entries, records. ARGV: number of keys, leaseMs; how many of the last records are kept for ever, keepMs
// or '' for the others, twice that; '1' to leave it at reading when the first key has an entry; a token per key, or one:
// records that are missing get versions that begin with the first.
export const ACQUIRE: Script = script(`
local n, keep = tonumber(ARGV[1]), ARGV[4]
local answer = redis.call('MGET', unpack(KEYS, n + 1))
if ARGV[6] == '1' and answer[1] then return answer end
local leased = {}
for i = 1, n do
  local set = redis.pcall('SET', KEYS[i], ARGV[6 + i], 'PX', ARGV[2], 'NX')
  if set and set.err and not string.find(set.err, 'OOM', 1, true) then return set end
  leased[i] = set and (set.err or 1) or 0
end
local few = #answer - tonumber(ARGV[3])
for i = n + 1, #answer do
  local key, lasting = KEYS[n + i], i > few or keep == ''
  if not answer[i] then
    local set, version = nil, ARGV[7] .. i
    if lasting then set = redis.pcall('SET', key, version)
    else set = redis.pcall('SET', key, version, 'PX', ARGV[5]) end
    answer[i] = set.err and { set.err } or version
  elseif i <= few then
    local left = redis.call('PTTL', key)
    if left >= 0 then
      if lasting then redis.call('PERSIST', key)
      elseif left < tonumber(keep) then redis.call('PEXPIRE', key, ARGV[5]) end
    end
  end
end
for i = 1, n do answer[#answer + 1] = leased[i] end
return answer
`)

// KEYS: leases, records, entries. ARGV: number of keys; token, keepMs or '', bytes per key.
export const FILL: Script = script(`
local n = tonumber(ARGV[1])
local answer = redis.call('MGET', unpack(KEYS, 1, #KEYS - n))
for i = 1, n do
  local entry, at = KEYS[#KEYS - n + i], 3 * i - 1
  if answer[i] == ARGV[at] then
    local set
    if ARGV[at + 1] == '' then set = redis.pcall('SET', entry, ARGV[at + 2])
    else set = redis.pcall('SET', entry, ARGV[at + 2], 'PX', ARGV[at + 1]) end
    redis.call('DEL', KEYS[i])
    answer[i] = set.err or 1
  else answer[i] = 0 end
end
return answer
`)

// What may not be done late comes with the moment, in the server's own time, after which it is refused.
const FENCE = `
local now = redis.call('TIME')
if now[1] * 1000 + now[2] / 1000 > tonumber(ARGV[#ARGV]) then
  return redis.error_reply('LATE it was sent too long ago')
end
`

// Reads a record, creates it where it is missing, and sees to it that it lasts long enough: for ever, or `keep` ms.
// What would end before that is given `longer`, so that few calls have to see to it.
const RECORD = `
local function record(key, version, keep, longer)
  local found = redis.call('MGET', key)[1]
  if not found then
    local set
    if keep == '' then set = redis.pcall('SET', key, version)
    else set = redis.pcall('SET', key, version, 'PX', longer) end
    return set.err and { set.err } or version
  end
  local left = redis.call('PTTL', key)
  if left >= 0 then
    if keep == '' then redis.call('PERSIST', key)
    elseif left < tonumber(keep) then redis.call('PEXPIRE', key, longer) end
  end
  return found
end
`

const PUBLISH = `if ARGV[1] == '1' then redis.call('PUBLISH', ARGV[2], ARGV[3]) end`

// ARGV: whether to publish, channel, message; number of keys; how many of the last records are kept for ever, keepMs or
// '' for the others, twice that; keepMs or '', bytes per key; a version per record; the fence.
// Where there is no room for the new value the old one may not stay.
export const WRITE: Script = script(`${RECORD}${FENCE}
local n, answer = tonumber(ARGV[4]), {}
for i = 1, n do
  local lease, entry, at = KEYS[2 * i - 1], KEYS[2 * i], 6 + 2 * i
  local set
  if ARGV[at] == '' then set = redis.pcall('SET', entry, ARGV[at + 1])
  else set = redis.pcall('SET', entry, ARGV[at + 1], 'PX', ARGV[at]) end
  if set.err then redis.call('UNLINK', entry) end
  redis.call('DEL', lease)
  answer[i] = set.err or 1
end
${PUBLISH}
for i = 2 * n + 1, #KEYS do
  local at = i - 2 * n
  local keep = i <= #KEYS - tonumber(ARGV[5]) and ARGV[6] or ''
  answer[#answer + 1] = record(KEYS[i], ARGV[7 + 2 * n + at], keep, ARGV[7])
end
return answer
`)

// KEYS: lease, entry. ARGV: whether to publish, channel, message; digest of what has to be there or '', keepMs or
// '', bytes; the fence.
export const SWAP: Script = script(`${FENCE}
local there = redis.call('GET', KEYS[2])
if ARGV[4] == '' then if there then return 0 end
elseif not there or redis.sha1hex(there) ~= ARGV[4] then return 0 end
local set
if ARGV[5] == '' then set = redis.pcall('SET', KEYS[2], ARGV[6])
else set = redis.pcall('SET', KEYS[2], ARGV[6], 'PX', ARGV[5]) end
if set.err then return set end
redis.call('DEL', KEYS[1])
${PUBLISH}
return 1
`)

// KEYS: leases and entries. ARGV: whether to publish, channel, message.
export const DROP: Script = script(`
for i = 1, #KEYS do redis.call('UNLINK', KEYS[i]) end
${PUBLISH}
return 1
`)

// KEYS: records. ARGV: whether to publish, channel, message; a version per record. A record that is not there
// matches nothing already, and where there is no room for the new version it is made to be not there.
export const INVALIDATE: Script = script(`
for i = 1, #KEYS do
  local set = redis.pcall('SET', KEYS[i], ARGV[3 + i], 'XX', 'KEEPTTL')
  if set and set.err then redis.call('UNLINK', KEYS[i]) end
end
${PUBLISH}
return 1
`)

// KEYS: lease. ARGV: token, leaseMs.
export const RENEW: Script = script(`
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 0
`)

// KEYS: lease. ARGV: token.
export const RELEASE: Script = script(`
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
`)

// KEYS: an entry. ARGV: how much of it was looked at, and what that was. Removes it if it is still the same.
export const REMOVE: Script = script(`
if redis.call('GETRANGE', KEYS[1], 0, ARGV[1] - 1) ~= ARGV[2] then return 0 end
return redis.call('UNLINK', KEYS[1])
`)

export const SCRIPTS: readonly Script[] = [
  ACQUIRE,
  FILL,
  WRITE,
  SWAP,
  DROP,
  INVALIDATE,
  RENEW,
  RELEASE,
  REMOVE,
]
