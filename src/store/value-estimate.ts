import { textBytes } from './value-walk.js'

/** Objects that are looked at; the rest of a value is taken for the average of what was seen of its like. */
const MAX_OBJECTS = 100
/** Elements of one list, or fields of one object, that are looked at. */
const SAMPLE = 8

/**
 * A guess at the weight of any value on the heap in bounded time, from samples of its parts. It reads
 * properties, runs nothing else and refuses nothing.
 */
export function estimate(value: unknown): number {
  return Math.round(weigh(value, { left: MAX_OBJECTS }))
}

function weigh(value: unknown, budget: { left: number }): number {
  if (typeof value === 'string') return textBytes(value)
  if (typeof value !== 'object' || value === null) return 16
  if (budget.left-- <= 0) return 64
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return 200 + value.byteLength
  if (Array.isArray(value)) return 48 + value.length * (8 + averageOfList(value, budget))
  if (value instanceof Map || value instanceof Set) {
    return 120 + value.size * (40 + averageOfList([...firstOf(value)], budget))
  }
  let bytes = 0
  let fields = 0
  for (const name in value) {
    if (fields++ < 2 * SAMPLE) bytes += weigh((value as Record<string, unknown>)[name], budget)
  }
  return 24 + fields * 8 + (fields <= 2 * SAMPLE ? bytes : (bytes / (2 * SAMPLE)) * fields)
}

function averageOfList(values: readonly unknown[], budget: { left: number }): number {
  const step = Math.max(1, Math.floor(values.length / SAMPLE))
  let bytes = 0
  let taken = 0
  for (let index = 0; index < values.length && taken < SAMPLE; index += step) {
    bytes += weigh(values[index], budget)
    taken++
  }
  return taken === 0 ? 0 : bytes / taken
}

function* firstOf(values: Map<unknown, unknown> | Set<unknown>): Generator {
  let taken = 0
  for (const value of values.values()) {
    if (taken++ === SAMPLE) return
    yield value
  }
}
