import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'

/** Requests for keys, in order: recorded traffic, or a mix that is generated where none is at hand. */
export interface Trace {
  readonly name: string
  /** The key of each request: 0, 1, 2, ... by first appearance. */
  readonly keys: Int32Array
  /** Number of different keys. */
  readonly unique: number
  /** The weight of each key's object, in bytes, where it is known. */
  readonly sizes?: Uint32Array
}

/** Beside the project's folder; its README says where each trace comes from, and the format that is read here. */
const FOLDER = new URL(
  `${process.env['KEEPFRESH_TRACES'] ?? '../../../shared/traces'}/`,
  import.meta.url,
)
const SUFFIX = '.d32.gz'

/** Whether recorded traces are at hand (`../shared/traces`, or the folder that `KEEPFRESH_TRACES` names). */
export function haveRecordedTraces(): boolean {
  return existsSync(FOLDER) && recordedNames().length > 0
}

/**
 * The recorded traces, else the generated ones, one after the other so that only one is in memory.
 *
 * @param most only so many requests of each, from the beginning
 */
export function* traces(most = Infinity): Generator<Trace> {
  if (!haveRecordedTraces()) {
    yield cut(generated('generated-mix', 0.9, 0.25), most)
    yield cut(generated('generated-flat', 0.7, 0.1), most)
    return
  }
  for (const name of recordedNames()) yield cut(recorded(name), most)
}

function recordedNames(): string[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith(SUFFIX))
    .map((file) => file.slice(0, -SUFFIX.length))
    .toSorted()
}

/** Differences between keys, as little-endian Int32, gzipped; sizes as Uint32, one per key. */
function recorded(name: string): Trace {
  const keys = new Int32Array(unpacked(`${name}${SUFFIX}`))
  let key = 0
  let most = 0
  for (let i = 0; i < keys.length; i++) {
    key += keys[i]!
    keys[i] = key
    if (key > most) most = key
  }
  const sizes = `${name}.sizes.u32.gz`
  return {
    name,
    keys,
    unique: most + 1,
    ...(existsSync(new URL(sizes, FOLDER)) && { sizes: new Uint32Array(unpacked(sizes)) }),
  }
}

function unpacked(file: string): ArrayBuffer {
  const { buffer, byteOffset, byteLength } = gunzipSync(readFileSync(new URL(file, FOLDER)))
  return buffer.slice(byteOffset, byteOffset + byteLength)
}

function cut(trace: Trace, most: number): Trace {
  if (trace.keys.length <= most) return trace
  const keys = trace.keys.slice(0, most)
  return { ...trace, keys, unique: keys.reduce((max, key) => Math.max(max, key), 0) + 1 }
}

/**
 * What traffic of applications has in it: some keys far more popular than others, and which ones moves slowly; a share of
 * keys asked for in a burst and never again; and now and then a scan over everything. The same numbers each time.
 */
function generated(name: string, skew: number, bursts: number): Trace {
  const requests = 600_000
  const popular = 30_000
  const random = mulberry32(7)
  const cumulated = zipf(popular, skew)
  const names = new Map<number, number>()
  const keys = new Int32Array(requests)
  let burst = popular
  for (let i = 0; i < requests; i++) {
    let id: number
    if (i % 100_000 > 94_000) {
      id = (i % 100_000) * 4
    } else if (random() < bursts) {
      if (random() < 0.4) burst++
      id = 1_000_000 + burst
    } else {
      id = (rank(cumulated, random()) + Math.floor(i / 600)) % popular
    }
    const key = names.get(id) ?? names.size
    names.set(id, key)
    keys[i] = key
  }
  const sizes = Uint32Array.from({ length: names.size }, () => 100 + random() ** 8 * 50_000)
  return { name, keys, unique: names.size, sizes }
}

function zipf(count: number, skew: number): Float64Array {
  const cumulated = new Float64Array(count)
  let sum = 0
  for (let i = 0; i < count; i++) cumulated[i] = sum += (i + 1) ** -skew
  return cumulated.map((share) => share / sum)
}

/** The first rank whose cumulated share is beyond `at`. */
function rank(cumulated: Float64Array, at: number): number {
  let low = 0
  let high = cumulated.length - 1
  while (low < high) {
    const middle = (low + high) >>> 1
    if (cumulated[middle]! < at) low = middle + 1
    else high = middle
  }
  return low
}

/** Numbers from 0 to 1 that look random and are the same each time (mulberry32, T. Ettinger, public domain). */
export function mulberry32(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
