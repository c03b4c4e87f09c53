/** One contender in a process of its own: what it does to the heap and to the compiler touches nobody else. */
import { isDeepStrictEqual } from 'node:util'
import { contenderNamed } from '../contenders/index.js'
import { serve } from '../../test/support/processes.js'
import { profiling } from './profiling.js'
import type { Side, Task } from './contender.js'
import { keyOf, valueBehind, valueOf, type Value } from './value.js'

/** What to do in a round. */
export interface Work {
  /** Keys that are read, in turn. */
  readonly keys: number
  readonly callers: number
  /** Keys per call; 1 is `read`, more is `readMany`. */
  readonly batch: number
  /** Reads keys that nobody has read before. */
  readonly isCold: boolean
}

/** What a round took. */
export interface Sample {
  /** Wall time per operation, ns. */
  readonly ns: number
  /** Time that this process was busy, per operation, ns: on a machine with others the steadier number. */
  readonly cpuNs: number
}

export type OpenTask = Omit<Task, 'load' | 'keyOf'> & {
  /** What its keys begin with. */
  readonly prefix: string
  /** How long the source takes, ms. */
  readonly loadMs?: number
}

/** What answers were like. */
export interface Answers {
  readonly asked: number
  readonly wrong: number
  readonly loads: number
}

let side: Side
let loads = 0
let loadMs = 0
let prefix = ''
let keys: readonly string[] = []

async function load(key: string): Promise<Value> {
  loads++
  if (loadMs > 0) await new Promise((resolve) => setTimeout(resolve, loadMs))
  return valueBehind(key)
}

let cold = 1_000_000

async function coldOnes(operations: number): Promise<void> {
  for (let n = 0; n < operations; n++) await side.read(keyOf(prefix, cold++))
}

async function one(from: number, operations: number): Promise<void> {
  let at = from % keys.length
  for (let n = 0; n < operations; n++) {
    await side.read(keys[at]!)
    if (++at === keys.length) at = 0
  }
}

async function batches(size: number, operations: number): Promise<void> {
  const lists: string[][] = []
  for (let at = 0; at + size <= keys.length; at += size) lists.push(keys.slice(at, at + size))
  for (let n = 0; n < operations; n++) await side.readMany!(lists[n % lists.length]!)
}

async function work({ callers, batch, isCold }: Work, operations: number): Promise<void> {
  if (isCold) return coldOnes(operations)
  if (batch > 1) return batches(batch, operations)
  if (callers === 1) return one(0, operations)
  const each = Math.ceil(operations / callers)
  const step = Math.ceil(keys.length / callers)
  await Promise.all(Array.from({ length: callers }, (_, n) => one(n * step, each)))
}

const service = {
  async open(name: string, { loadMs: takes = 0, prefix: begin, ...task }: OpenTask): Promise<void> {
    loadMs = takes
    prefix = begin
    const key = ({ id }: Value): string => keyOf(prefix, id)
    side = await contenderNamed(name).open({ ...task, load, keyOf: key })
  },

  /** Reads every key once, so that it is kept, in batches that no server minds. */
  async fill(count: number): Promise<void> {
    keys = Array.from({ length: count }, (_, n) => keyOf(prefix, n))
    for (let at = 0; at < count; at += 200) {
      await Promise.all(keys.slice(at, at + 200).map((key) => side.read(key)))
    }
  },

  async round(what: Work, operations: number): Promise<Sample> {
    const cpu = process.cpuUsage()
    const start = performance.now()
    await work(what, operations)
    const ms = performance.now() - start
    const { user, system } = process.cpuUsage(cpu)
    return { ns: (ms * 1e6) / operations, cpuNs: ((user + system) * 1e3) / operations }
  },

  /** Does the same work once and looks at each answer. */
  async check({ callers, batch, isCold }: Work): Promise<Answers> {
    const before = loads
    const answers: [string, unknown][] = []
    const read = async (key: string): Promise<void> => {
      answers.push([key, await side.read(key)])
    }
    if (batch > 1) {
      const asked = keys.slice(0, batch)
      const found = await side.readMany!(asked)
      asked.forEach((key, n) => answers.push([key, found[n]]))
    } else if (isCold) for (let n = 0; n < 100; n++) await read(keyOf(prefix, cold++))
    else if (callers === 1) for (const key of keys.slice(0, 100)) await read(key)
    else await Promise.all(keys.slice(0, callers).map(read))
    const wrong = answers.filter(
      ([key, answer]) => !isDeepStrictEqual(answer, valueBehind(key)),
    ).length
    return { asked: answers.length, wrong, loads: loads - before }
  },

  /** Everybody asks for one key at once; the loads that it took here. */
  async stampede(n: number, callers: number): Promise<Answers> {
    const key = keyOf(prefix, n)
    const before = loads
    const found = await Promise.all(Array.from({ length: callers }, () => side.read(key)))
    const wrong = found.filter((answer) => !isDeepStrictEqual(answer, valueBehind(key))).length
    return { asked: callers, wrong, loads: loads - before }
  },

  /** How long one invalidation takes, ms. */
  async invalidate(tag: string): Promise<number> {
    const start = performance.now()
    await side.invalidate!(tag)
    return performance.now() - start
  },

  /** Bytes of heap for each of `count` entries that come to others, so many that all have made the lists they make at once. */
  async heap(count: number): Promise<number> {
    const others = 5_000
    await service.fill(others)
    keys = []
    const before = heapUsed()
    for (let n = others; n < others + count; n++) await side.read(keyOf(prefix, n))
    return (heapUsed() - before) / count
  },

  /** Bytes of heap for the values and their keys alone. */
  async bareHeap(count: number): Promise<number> {
    const before = heapUsed()
    const held = Array.from({ length: count }, (_, n) => [keyOf(prefix, n), valueOf(n)] as const)
    const bytes = (heapUsed() - before) / count
    return held.length === count ? bytes : Number.NaN
  },

  /** Bytes that each operation allocates, and drops. */
  async allocations(what: Work, operations: number): Promise<number> {
    await work(what, operations)
    globalThis.gc!()
    const before = process.memoryUsage().heapUsed
    await work(what, operations)
    return (process.memoryUsage().heapUsed - before) / operations
  },

  ...profiling,

  async close(): Promise<void> {
    await side.close()
  },
}

/**
 * Young collections first, as happen all the time in an application: they leave out the joints of strings that were put together
 * (32 bytes each), which a full one keeps.
 */
function heapUsed(): number {
  for (let n = 0; n < 2; n++) globalThis.gc!({ type: 'minor' })
  for (let n = 0; n < 4; n++) globalThis.gc!()
  return process.memoryUsage().heapUsed
}

export type WorkerService = typeof service

serve(service)
