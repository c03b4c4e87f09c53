import type { CpuProfile } from './flame.js'

/** Where time can go, in the order of a table. The first that fits a place has its time. */
const LAYERS: readonly (readonly [name: string, pattern: RegExp])[] = [
  ['engine (src/cache)', /\/src\/cache\//],
  ['envelopes, values, codec (src/store)', /\/src\/store\//],
  ['keys, times (src/base)', /\/src\/base\//],
  ['memory store (adapters/memory)', /\/adapters\/memory\//],
  ['lru-cache', /lru-cache/],
  ['Redis store (adapters/redis)', /\/adapters\/redis\//],
  ['ioredis', /ioredis|redis-parser|redis-errors|standard-as-callback/],
  ['sockets and streams (Node)', /^node:/],
  ['the benchmark itself', /\/benchmarks\//],
]
export const GARBAGE = 'collecting garbage'
export const REST = 'V8 and system calls'

export const LAYER_NAMES: readonly string[] = [...LAYERS.map(([name]) => name), GARBAGE, REST]

/** The share of the busy time that is spent in each layer itself, callees in others not included. */
export function sharesByLayer({ nodes, samples, timeDeltas }: CpuProfile): Map<string, number> {
  const layers = new Map<number, string>()
  for (const { id, callFrame } of nodes) {
    const { functionName, url } = callFrame
    if (functionName === '(idle)' || url.includes('node:inspector')) continue
    const layer = LAYERS.find(([, pattern]) => pattern.test(url))?.[0]
    layers.set(id, layer ?? (functionName === '(garbage collector)' ? GARBAGE : REST))
  }
  const times = new Map<string, number>()
  let all = 0
  samples.forEach((id, n) => {
    const layer = layers.get(id)
    if (layer === undefined) return
    const time = Math.max(0, timeDeltas[n]!)
    times.set(layer, (times.get(layer) ?? 0) + time)
    all += time
  })
  return new Map([...times].map(([layer, time]) => [layer, time / all]))
}
