import type { BoundedMap } from '../../adapters/memory/bounded-map.js'
import type { Kept } from '../../adapters/memory/kept.js'

/** What a map keeps, found by visiting it; throws when a key is there twice. */
export function contents<E extends Kept>(map: BoundedMap<E>, slots = 7): Map<string, E> {
  const found = new Map<string, E>()
  let from: number | undefined
  do {
    from = map.scan(from, slots, (entry) => {
      if (found.has(entry.key)) throw new Error(`${entry.key} is there twice`)
      found.set(entry.key, entry)
    })
  } while (from !== undefined)
  return found
}
