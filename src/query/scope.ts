import { CacheError, describe, invalidOption } from '../base/errors.js'
import { canonicalKey } from '../base/stable-key.js'

/**
 * Everything besides its text and parameters that an answer depends on: which server and database, as which user or role, under which
 * `search_path`, for which tenant. Two connections that would answer one query differently must not share a scope.
 *
 * `database` also names the tags: what is written under one scope of a database is invalidated under all of them.
 */
export interface ScopeParts {
  readonly database: string
  readonly server?: string | undefined
  /** The user or role that queries run as. */
  readonly user?: string | undefined
  readonly searchPath?: string | undefined
  readonly tenant?: string | number | undefined
  /** Whatever else tells answers apart: the region, the time zone of sessions. */
  readonly [name: string]: string | number | boolean | undefined
}

/**
 * A name for all of it (`'shop'`), its parts, or a function that tells the parts of the moment, from an `AsyncLocalStorage` for
 * instance; when it returns undefined, nothing is cached for that moment.
 */
export type ScopeOption = string | ScopeParts | (() => ScopeParts | undefined)

/** A scope as keys and tags use it. */
export interface ResolvedScope {
  /** Names the tags. */
  readonly database: string
  /** Distinct for distinct scopes. */
  readonly text: string
  /** Says who asks, so that it may stand for answers that depend on that (row-level security). */
  readonly personal: boolean
}

/** How the scope of a query is found. */
export interface Scopes {
  /** The database's name, which does not change. */
  readonly database: string
  current(): ResolvedScope | undefined
  /** A scope that the caller of one query names: its parts over those of the moment. */
  named(parts: Partial<ScopeParts> | string): ResolvedScope
}

/** @throws {CacheError} `CACHE_OPTION_INVALID` when the scope is missing or is no scope. */
export function resolveScopes(scope: ScopeOption, database?: string): Scopes {
  if (typeof scope === 'function') return momentary(scope, database)
  const parts = typeof scope === 'string' ? named(scope) : scope
  assertParts(parts)
  const fixed = resolve(parts)
  if (database !== undefined && database !== parts.database)
    throw invalidOption('database', `${describe(parts.database)}, as in the scope`, database)
  return {
    database: databaseOf(parts),
    current: () => fixed,
    named: (more) => over(parts, more),
  }
}

function named(name: string): ScopeParts {
  if (name === '') throw invalidOption('scope', 'a name such as "shop"', name)
  return { database: name }
}

function momentary(scope: () => ScopeParts | undefined, database: string | undefined): Scopes {
  if (typeof database !== 'string' || database === '')
    throw invalidOption(
      'database',
      'given when the scope is a function: tags are named by it',
      database,
    )
  // Moments repeat: as many as there are tenants.
  const known = new Map<string, ResolvedScope>()
  const now = (): ScopeParts | undefined => {
    const parts = scope()
    if (parts === undefined) return undefined
    assertParts(parts)
    if (databaseOf(parts) !== database)
      throw invalidOption('scope().database', describe(database), databaseOf(parts))
    return parts
  }
  return {
    database,
    current() {
      const parts = now()
      if (parts === undefined) return undefined
      const text = canonicalKey(parts)
      let resolved = known.get(text)
      if (resolved === undefined) {
        if (known.size > 10_000) known.clear()
        known.set(text, (resolved = resolve(parts)))
      }
      return resolved
    },
    named: (more) => over(now() ?? { database }, more),
  }
}

function over(parts: ScopeParts, more: Partial<ScopeParts> | string): ResolvedScope {
  const given = typeof more === 'string' ? { named: more } : more
  if (typeof given !== 'object' || given === null)
    throw invalidOption('cache.scope', 'a name or an object', more)
  const { database = parts.database, server = parts.server } = given
  if (database !== parts.database || server !== parts.server)
    throw invalidOption('cache.scope', 'of the same database: tags are named by it', more)
  const all = { ...parts, ...given, database }
  assertParts(all)
  return { ...resolve(all), personal: true }
}

function resolve(parts: ScopeParts): ResolvedScope {
  return Object.freeze({
    database: databaseOf(parts),
    text: canonicalKey(parts),
    personal: parts.user !== undefined || parts.tenant !== undefined,
  })
}

/** Databases of one name on two servers are two. */
function databaseOf({ server, database }: ScopeParts): string {
  return server === undefined ? database : `${server}/${database}`
}

function assertParts(parts: unknown): asserts parts is ScopeParts {
  if (typeof parts !== 'object' || parts === null)
    throw invalidOption('scope', 'a name, an object with `database`, or a function', parts)
  const { database } = parts as Partial<ScopeParts>
  if (typeof database !== 'string' || database === '')
    throw invalidOption('scope.database', 'a name', database)
  for (const [name, value] of Object.entries(parts)) {
    if (value !== undefined && !['string', 'number', 'boolean'].includes(typeof value))
      throw new CacheError(
        'CACHE_OPTION_INVALID',
        `scope.${name} must be a text, a number or a boolean; received ${describe(value)}`,
        { option: `scope.${name}`, received: value },
      )
  }
}
