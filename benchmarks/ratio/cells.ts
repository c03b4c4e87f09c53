import { traces, type Trace } from '../lib/traces.ts'
import { optimum } from './optimum.ts'
import { entriesFor, keepfresh, lruCache, replay } from './replay.ts'

/** One size of cache on one trace; ratios of hits to requests. */
export interface Cell {
  readonly trace: string
  /** The size, as a share of the different keys, or of the bytes of all objects. */
  readonly share: number
  /** The size itself: entries or bytes. */
  readonly room: number
  /** lru-cache itself. */
  readonly floor: number
  readonly lru: number
  readonly s3Fifo: number
  readonly optimum: number
  /** Nanoseconds per request in this replay, misses included. */
  readonly cost: { readonly floor: number; readonly lru: number; readonly s3Fifo: number }
}

/** As `Cell`, by bytes; `bytes` are ratios of bytes found to bytes asked for. */
export interface ByteCell extends Omit<Cell, 'optimum'> {
  readonly bytes: { readonly lru: number; readonly s3Fifo: number }
}

export const SHARES = [0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2] as const
/** A cache of fewer entries is no cache. */
const LEAST_ENTRIES = 10

export interface Measured {
  readonly byEntries: readonly Cell[]
  readonly byBytes: readonly ByteCell[]
}

/** @param most only so many requests of each trace */
export function measure(most: number, progress: (text: string) => void): Measured {
  const byEntries: Cell[] = []
  const byBytes: ByteCell[] = []
  for (const trace of traces(most)) {
    progress(`${trace.name}: ${trace.keys.length} requests for ${trace.unique} keys`)
    for (const share of SHARES) {
      const room = Math.floor(trace.unique * share)
      if (room >= LEAST_ENTRIES) byEntries.push(cell(trace, share, room))
      if (trace.sizes) byBytes.push(byteCell(trace, trace.sizes, share))
    }
  }
  return { byEntries, byBytes }
}

function cell(trace: Trace, share: number, room: number): Cell {
  const requests = trace.keys.length
  const entries = entriesFor({ ...trace, sizes: new Uint32Array(0) })
  const bounds = { maxEntries: room }
  const floor = replay(trace, entries, lruCache(bounds))
  const lru = replay(trace, entries, keepfresh('lru', bounds))
  const s3Fifo = replay(trace, entries, keepfresh('s3-fifo', bounds))
  return {
    trace: trace.name,
    share,
    room,
    floor: floor.hits / requests,
    lru: lru.hits / requests,
    s3Fifo: s3Fifo.hits / requests,
    optimum: optimum(trace, room) / requests,
    cost: { floor: floor.nanoseconds, lru: lru.nanoseconds, s3Fifo: s3Fifo.nanoseconds },
  }
}

function byteCell(trace: Trace, sizes: Uint32Array, share: number): ByteCell {
  const requests = trace.keys.length
  const entries = entriesFor(trace)
  const asked = trace.keys.reduce((sum, key) => sum + entries[key]!.bytes, 0)
  const room = Math.floor(sizes.reduce((sum, size) => sum + size, 0) * share)
  const bounds = { maxBytes: room }
  const floor = replay(trace, entries, lruCache(bounds))
  const lru = replay(trace, entries, keepfresh('lru', bounds))
  const s3Fifo = replay(trace, entries, keepfresh('s3-fifo', bounds))
  return {
    trace: trace.name,
    share,
    room,
    floor: floor.hits / requests,
    lru: lru.hits / requests,
    s3Fifo: s3Fifo.hits / requests,
    bytes: { lru: lru.hitBytes / asked, s3Fifo: s3Fifo.hitBytes / asked },
    cost: { floor: floor.nanoseconds, lru: lru.nanoseconds, s3Fifo: s3Fifo.nanoseconds },
  }
}
