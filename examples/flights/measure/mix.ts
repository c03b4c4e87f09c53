/** What visitors of a flights board ask for: a few airports all the time, most of them now and then. */
export interface Visit {
  readonly path: string
  /** The form that is sent, when the visitor changes a flight. */
  readonly form?: string
}

export interface Site {
  readonly airports: readonly string[]
  readonly flights: readonly number[]
}

const CHANGES = 1 / 1000
const SEARCHES = ['chicago', 'tx', 'new york', 'san', 'ca', 'dallas', 'hi', 'lax', 'intl', 'fl']
const RANKINGS = ['busiest', 'longest', 'most+punctual', 'least+punctual']

/** The visits of one connection: the same ones for the same `seed`. */
export function visits(site: Site, seed: number, count: number): Visit[] {
  const random = mulberry32(seed + 1)
  const popular = <Item>(items: readonly Item[]) => zipf(items, random)
  return Array.from({ length: count }, (): Visit => {
    if (random() < CHANGES) return change(popular(site.flights), random)
    const kind = random()
    if (kind < 0.6) return { path: `/departures/${popular(site.airports)}` }
    if (kind < 0.65) {
      const hour = 3 * Math.floor(8 * random())
      return { path: `/departures/${popular(site.airports)}?from=${hour}` }
    }
    if (kind < 0.77) return { path: `/airports/${popular(site.airports)}` }
    if (kind < 0.88) return { path: `/flights/${popular(site.flights)}` }
    if (kind < 0.95) return { path: `/search?q=${encodeURIComponent(popular(SEARCHES))}` }
    if (kind < 0.98) return { path: `/routes?by=${popular(RANKINGS)}` }
    return { path: '/' }
  })
}

function change(flight: number, random: () => number): Visit {
  const delay = Math.floor(90 * random())
  return { path: `/flights/${flight}`, form: `delay=${delay}&gate=B${1 + (delay % 40)}` }
}

/** One item: the first twice as often as the second, three times as often as the third (Zipf's law). */
function zipf<Item>(items: readonly Item[], random: () => number): Item {
  const all = items.reduce((sum, _, index) => sum + 1 / (index + 1), 0)
  let left = random() * all
  const index = items.findIndex((_, index) => (left -= 1 / (index + 1)) < 0)
  const item = items[Math.max(0, index)]
  if (item === undefined) throw new Error('nothing to choose from')
  return item
}

/** A small generator of numbers from 0 to 1 that can be repeated (Tommy Ettinger's mulberry32). */
function mulberry32(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
