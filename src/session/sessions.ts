import { CacheError } from '../base/errors.js'
import { type Cache, coreOf } from '../cache/cache.js'
import { report, type Core } from '../cache/core.js'
import {
  changeExact,
  dropExact,
  type Exact,
  readExact,
  replaceExact,
  retimeExact,
} from '../cache/exact.js'
import { digestOf, sessionKey } from './keys.js'
import { endOf, withEnd } from './lifetime.js'
import { enlist, enlisted } from './list.js'
import { mergeFields, whoseCookie } from './merge.js'
import { resolveSessionOptions, type SessionOptions, type SessionSettings } from './options.js'
import {
  fieldsOf,
  readRecord,
  type SessionData,
  type SessionRecord,
  writeRecord,
} from './record.js'

/**
 * Sessions: the same one on every server at once.
 *
 * - *Where.* A session is the only copy of itself, so it is read from the nearest store that the servers share at every request, never
 *   from process memory: a request that follows an answer sees what that answer's request wrote, whichever server it meets.
 * - *Destroyed is destroyed.* Each session has a generation, drawn when it begins. What a request read carries it; what the
 *   request saves replaces a session of that generation or nothing. So a slow request that ends after a log-out brings nothing
 *   back, also when the id was used again, without any mark being left behind.
 * - *Nothing is lost.* What a request saves replaces exactly what it read. Where another has been faster, the fields that this request
 *   has changed are put into what is there now.
 * - *A store that cannot be asked is an error.* "There is no session" would log everybody out.
 */
export interface Sessions {
  /** The session, or undefined when there is none any more. */
  get(id: string): Promise<Loaded | undefined>
  /**
   * Keeps a session until its cookie ends. With `loaded`, what this request knows of it: changes that session and no other.
   * Without, keeps it whatever is there.
   *
   * @throws {CacheError} as a rejection: `CACHE_STORE_UNAVAILABLE`, `CACHE_VALUE_INVALID`.
   */
  set(id: string, session: SessionData, loaded?: Loaded): Promise<Saved>
  /** Lets a session that is there live on until its cookie ends. */
  touch(id: string, session: SessionData, loaded?: Loaded): Promise<void>
  /** @throws {CacheError} as a rejection: `CACHE_INVALIDATION_PENDING` when other servers may still see it. */
  destroy(id: string): Promise<void>
  /** All sessions, each with its `id`. Reads every one: for tools, not for requests. */
  all(): Promise<SessionData[]>
  length(): Promise<number>
  /** Destroys the sessions that are there when it begins. */
  clear(): Promise<void>
}

/** What a request knows of a session: as it was when it was read, or when this request last saved it. */
export interface Loaded {
  readonly id: string
  readonly generation: string
  /** The session's data, as read. */
  readonly data: SessionData
  fields: ReadonlyMap<string, string>
  /** What was read, until it is replaced. */
  exact: Exact | undefined
}

export interface Saved {
  /** `gone`: it was destroyed meanwhile, and stays so. */
  readonly outcome: 'kept' | 'gone'
  /** What the request knows of it now. */
  readonly loaded: Loaded | undefined
}

const GONE: Saved = { outcome: 'gone', loaded: undefined }

/** How long a session that has ended can still be saved by a request that began before its end, ms. */
const LATE_MS = 60_000

/** @throws {CacheError} `CACHE_OPTION_INVALID` naming the option and the value. */
export function createSessions(cache: Cache, options: SessionOptions = {}): Sessions {
  const core = coreOf(cache)
  const settings = resolveSessionOptions(options)
  const keyOf = (id: string): string => sessionKey(settings.name, digestOf(assertId(id)))
  return {
    async get(id) {
      const [exact] = await readExact(core, [keyOf(id)])
      return exact && loadedFrom(core, id, exact)
    },
    async set(id, session, loaded) {
      const saving = savingOf(core, settings, session)
      if (saving.endsAt <= core.clock.now()) {
        await dropExact(core, [keyOf(id)])
        return GONE
      }
      const known = loaded?.id === id ? loaded : undefined
      return known === undefined
        ? begin(core, settings, id, keyOf(id), saving)
        : save(core, settings, keyOf(id), known, saving)
    },
    async touch(id, session, loaded) {
      const key = keyOf(id)
      const endsAt = endOf(session, settings.ttlMs, core.clock.now())
      const known = loaded?.id === id ? loaded : undefined
      const { exact } = known ?? {}
      if (known !== undefined && exact !== undefined) {
        known.exact = undefined
        if (await retimeExact(core, key, exact, until(endsAt))) return
      }
      await prolong(core, key, known?.generation, endsAt)
    },
    destroy: (id) => dropExact(core, [keyOf(id)]),
    async all() {
      const sessions: SessionData[] = []
      for await (const { id, data } of listed(core, settings)) sessions.push({ ...data, id })
      return sessions
    },
    async length() {
      let count = 0
      for await (const _ of listed(core, settings)) count++
      return count
    },
    async clear() {
      assertListed(settings)
      for await (const digests of enlisted(core, settings.name)) {
        const keys = digests.map((digest) => sessionKey(settings.name, digest))
        await dropExact(core, keys)
      }
    },
  }
}

function assertId(id: unknown): string {
  if (typeof id === 'string' && id !== '') return id
  throw new CacheError('CACHE_KEY_INVALID', 'a session id is a text that is not empty', {
    received: id,
  })
}

function assertListed({ listed }: SessionSettings): void {
  if (listed) return
  throw new CacheError(
    'CACHE_UNSUPPORTED',
    'sessions are not listed (listed: false), so all(), length() and clear() cannot know them',
  )
}

function loadedFrom(core: Core, id: string, exact: Exact): Loaded | undefined {
  if (core.clock.now() >= exact.freshUntil) return undefined
  const read = readRecord(exact.value, id)
  if (read === undefined) {
    report(core, new CacheError('CACHE_ENTRY_INVALID', 'what is kept is no session'), 'session')
    return undefined
  }
  const { record } = read
  const { generation } = record
  const data = withEnd(read.data, exact.freshUntil)
  return lazily({ id, generation, data, exact }, record)
}

/** The fields of a record are read when they are compared with, which is rare. */
function lazily(known: Omit<Loaded, 'fields'>, record: SessionRecord): Loaded {
  let own: ReadonlyMap<string, string> | undefined
  return {
    ...known,
    get fields() {
      return own ?? record.fields
    },
    set fields(fields) {
      own = fields
    },
  }
}

/** A session as it is about to be saved. */
interface Saving {
  readonly data: SessionData
  readonly fields: ReadonlyMap<string, string>
  readonly endsAt: number
}

function savingOf(core: Core, { ttlMs }: SessionSettings, data: SessionData): Saving {
  return { data, fields: fieldsOf(data), endsAt: endOf(data, ttlMs, core.clock.now()) }
}

function until(endsAt: number): Pick<Exact, 'freshUntil' | 'staleUntil'> {
  return { freshUntil: endsAt, staleUntil: endsAt + LATE_MS }
}

function replacement(
  core: Core,
  { maxBytes }: SessionSettings,
  record: SessionRecord,
  endsAt: number,
): Omit<Exact, 'place'> {
  return { value: writeRecord(record, maxBytes), loadedAt: core.clock.now(), ...until(endsAt) }
}

/** Keeps a session that this request did not read: a new one, as a rule. */
async function begin(
  core: Core,
  settings: SessionSettings,
  id: string,
  key: string,
  { data, fields, endsAt }: Saving,
): Promise<Saved> {
  const drawn = core.random.token()
  let generation = drawn
  await changeExact(core, key, (current) => {
    const there =
      current !== undefined && core.clock.now() < current.freshUntil
        ? readRecord(current.value, id)
        : undefined
    // Whoever has read the one that is there has read this one.
    generation = there?.record.generation ?? drawn
    return replacement(core, settings, { id, generation, fields }, endsAt)
  })
  if (generation === drawn && settings.listed) await enlist(core, settings.name, digestOf(id))
  return { outcome: 'kept', loaded: { id, generation, data, fields, exact: undefined } }
}

/** Saves a session that this request has read. */
async function save(
  core: Core,
  settings: SessionSettings,
  key: string,
  loaded: Loaded,
  { fields: mine, endsAt }: Saving,
): Promise<Saved> {
  const { id, generation, exact, fields: base } = loaded
  const own = replacement(core, settings, { id, generation, fields: mine }, endsAt)
  loaded.exact = undefined
  if (exact === undefined || !(await replaceExact(core, key, exact, own))) {
    const isKept = await changeExact(core, key, (current) => {
      const theirs = current && readRecord(current.value, id)?.record
      if (current === undefined || theirs?.generation !== generation) return undefined
      const fields = mergeFields(base, mine, theirs.fields)
      const whose = whoseCookie(base, mine, theirs.fields)
      const end =
        whose === 'mine'
          ? endsAt
          : whose === 'theirs'
            ? current.freshUntil
            : Math.max(endsAt, current.freshUntil)
      return replacement(core, settings, { id, generation, fields }, end)
    })
    if (!isKept) return GONE
  }
  // From here on this request compares with what it has written itself: what others wrote it has not seen.
  loaded.fields = mine
  return { outcome: 'kept', loaded }
}

/** Lets a session live longer. One that is there for longer already, since another request said so, is left as it is. */
async function prolong(
  core: Core,
  key: string,
  generation: string | undefined,
  endsAt: number,
): Promise<void> {
  await changeExact(core, key, (current) => {
    const record = current && readRecord(current.value)?.record
    if (current === undefined || record === undefined) return undefined
    if (generation === undefined) {
      if (core.clock.now() >= current.freshUntil) return undefined
    } else if (record.generation !== generation || current.freshUntil >= endsAt) return undefined
    return { ...current, ...until(endsAt) }
  })
}

async function* listed(
  core: Core,
  settings: SessionSettings,
): AsyncGenerator<{ readonly id: string; readonly data: SessionData }> {
  assertListed(settings)
  for await (const digests of enlisted(core, settings.name)) {
    const found = await readExact(
      core,
      digests.map((digest) => sessionKey(settings.name, digest)),
    )
    for (const exact of found) {
      if (exact === undefined || core.clock.now() >= exact.freshUntil) continue
      const read = readRecord(exact.value)
      if (read === undefined) continue
      yield { id: read.record.id, data: withEnd(read.data, exact.freshUntil) }
    }
  }
}
