/**
 * How far a replica has to be before it may be believed about a table: the position of the primary's log after the last write, in the
 * shared store, so that every process knows it.
 */
import { hash } from 'node:crypto'
import type { Clock } from '../base/clock.js'
import { CacheError } from '../base/errors.js'
import type { RemoteStore } from '../store/store.js'

export interface Needed {
  /** Undefined when nothing is known to be needed. */
  readonly position: bigint | undefined
  /** A write whose position is not known was a short while ago: the replica is not to be asked. */
  readonly held: boolean
}

export interface Positions {
  /** Raises what is needed for these tables; never lowers it. */
  raise(tables: readonly string[], position: bigint): Promise<void>
  /** Holds reads of these tables off the replica for a while from now. */
  hold(tables: readonly string[]): Promise<void>
  needed(tables: readonly string[]): Promise<Needed>
}

/** Longer than anybody goes without asking the primary anew (replica.ts), so that what is forgotten is not needed any more. */
const KEEP_MS = 10 * 60_000

export function localPositions(holdMs: number, clock: Clock): Positions {
  const positions = new Map<string, bigint>()
  const holds = new Map<string, number>()
  return {
    async raise(tables, position) {
      for (const table of tables)
        if (position > (positions.get(table) ?? -1n)) positions.set(table, position)
    },
    async hold(tables) {
      for (const table of tables) holds.set(table, clock.now() + holdMs)
    },
    async needed(tables) {
      const now = clock.now()
      return {
        position: greatest(tables.map((table) => positions.get(table))),
        held: tables.some((table) => (holds.get(table) ?? 0) > now),
      }
    },
  }
}

export function remotePositions(store: RemoteStore, holdMs: number): Positions {
  async function raiseOne(table: string, position: bigint): Promise<void> {
    const key = nameOf('at', table)
    const bytes = Buffer.from(String(position))
    // Others raise it meanwhile: each attempt that fails is one that succeeded elsewhere.
    for (let attempts = 0; attempts < 100; attempts++) {
      const [state] = (await store.read([key], [])).keys
      if (state === undefined || 'unavailable' in state) throw state?.unavailable ?? gone()
      if (state.found !== undefined && read(state.found.bytes) >= position) return
      if (await store.swap({ key, bytes, keepMs: KEEP_MS }, state.found, undefined)) return
    }
    throw gone()
  }
  return {
    async raise(tables, position) {
      await Promise.all(tables.map((table) => raiseOne(table, position)))
    },
    async hold(tables) {
      const writes = tables.map((table) => ({
        key: nameOf('hold', table),
        bytes: Buffer.from('1'),
        keepMs: holdMs,
      }))
      const { written } = await store.write(writes, [], undefined)
      const failed = written.find((outcome) => outcome !== undefined)
      if (failed !== undefined) throw failed
    },
    async needed(tables) {
      const names = [
        ...tables.map((table) => nameOf('at', table)),
        ...tables.map((table) => nameOf('hold', table)),
      ]
      const { keys } = await store.read(names, [])
      const bytes = keys.map((state) => {
        if ('unavailable' in state) throw state.unavailable
        return state.found?.bytes
      })
      return {
        position: greatest(bytes.slice(0, tables.length).map((found) => found && read(found))),
        held: bytes.slice(tables.length).some((found) => found !== undefined),
      }
    },
  }
}

/** No key of a user has this name: `%` and a small letter is no escape (names.ts). */
function nameOf(what: 'at' | 'hold', table: string): string {
  return `%replica-${what}:${hash('sha256', table, 'base64url')}`
}

function read(bytes: Buffer): bigint {
  const text = bytes.toString()
  // What is not ours says nothing, and is replaced.
  return /^\d{1,20}$/.test(text) ? BigInt(text) : -1n
}

function greatest(positions: readonly (bigint | undefined)[]): bigint | undefined {
  return positions.reduce(
    (most, position) => (position !== undefined && position > (most ?? -1n) ? position : most),
    undefined,
  )
}

function gone(): CacheError {
  return new CacheError('CACHE_STORE_UNAVAILABLE', 'the position of a write could not be noted')
}
