import { createCache, type Cache } from '../../index.js'
import { memoryStore } from '../../adapters/memory/index.js'
import { changeTags, type TableChange, type TableLayout } from '../../src/query/change.js'
import type { Column } from '../../src/query/sql/catalogue/types.js'
import { partitionsTag, partitionTag, rowsTag, rowTag, tableTag } from '../../src/query/tags.js'
import { mulberry32 } from '../lib/traces.js'

/**
 * Answers to queries of one table, orders, and writes to it, simulated: which entries carry which tags, and what a write
 * invalidates, is said by the code that `db.query` uses; rows are counters, so that a stale answer would be seen.
 *
 * Of the reads 60 % are of one order by its key, 30 % of the orders of one organisation, 10 % of one of 50 reports over all of
 * them. Of the writes 80 % change an order, 15 % insert one, 5 % delete one. Orders and organisations are asked for, and
 * written, with zipf popularity.
 */

/** How finely answers are tagged. */
export const GRAINS = ['table', 'row', 'partition'] as const
export type Grain = (typeof GRAINS)[number]

export interface Simulated {
  readonly grain: Grain
  readonly writes: number
  readonly hitRatio: number
  readonly byKey: number
  readonly byOrganisation: number
  readonly reports: number
  /** Answers that were not what the table held. */
  readonly stale: number
}

const DATABASE = 'shop'
const TABLE = 'public.orders'
const ORDERS = 5_000
const ORGANISATIONS = 200
const REPORTS = 50
const SKEW = 0.9

type Kind = 'key' | 'organisation' | 'report'

export async function simulate(grain: Grain, writes: number, requests: number): Promise<Simulated> {
  const cache = createCache({ tiers: [memoryStore({ maxEntries: 100_000 })], ttl: '1d' })
  const random = mulberry32(11)
  const order = zipf(ORDERS, random)
  const organisation = zipf(ORGANISATIONS, random)
  const table = new Orders()
  const reads = { key: 0, organisation: 0, report: 0 }
  const hits = { key: 0, organisation: 0, report: 0 }
  let stale = 0
  for (let n = 0; n < requests; n++) {
    if (random() < writes) {
      await write(cache, table, grain, order(), random())
      continue
    }
    const { kind, id } = ask(random(), order, organisation, random)
    let loaded = false
    const answer = await cache.getOrSet(
      `${kind}:${id}`,
      () => {
        loaded = true
        return table.read(kind, id)
      },
      { tags: tagsOf(grain, kind, id, table) },
    )
    if (answer !== table.read(kind, id)) stale++
    // Before that, most of what is asked for was never asked for before.
    if (n < requests / 3) continue
    reads[kind]++
    if (!loaded) hits[kind]++
  }
  await cache.close()
  const all = hits.key + hits.organisation + hits.report
  return {
    grain,
    writes,
    hitRatio: all / (reads.key + reads.organisation + reads.report),
    byKey: hits.key / reads.key,
    byOrganisation: hits.organisation / reads.organisation,
    reports: hits.report / reads.report,
    stale,
  }
}

function ask(
  chance: number,
  order: () => number,
  organisation: () => number,
  random: () => number,
): { readonly kind: Kind; readonly id: number } {
  if (chance < 0.6) return { kind: 'key', id: order() }
  if (chance < 0.9) return { kind: 'organisation', id: organisation() }
  return { kind: 'report', id: Math.floor(random() * REPORTS) }
}

/** What an answer carries: as `db.query` tags one that is bounded to a key, to a partition, or to nothing. */
function tagsOf(grain: Grain, kind: Kind, id: number, table: Orders): string[] {
  // What was not found depends on any insert.
  if (grain !== 'table' && kind === 'key' && table.has(id)) {
    return [rowsTag(DATABASE, TABLE), rowTag(DATABASE, TABLE, [String(id)])]
  }
  if (grain === 'partition' && kind === 'organisation') {
    return [
      partitionsTag(DATABASE, TABLE, 'org_id'),
      partitionTag(DATABASE, TABLE, 'org_id', String(id)),
    ]
  }
  return [tableTag(DATABASE, TABLE)]
}

function columnOf(name: string): Column {
  return {
    name,
    comparison: { as: 'integer', least: -(2n ** 31n), most: 2n ** 31n - 1n },
    generated: false,
    timeOfDay: false,
    counted: false,
  }
}

function layoutOf(grain: Grain): TableLayout {
  return {
    table: TABLE,
    key: grain === 'table' ? [] : [columnOf('id')],
    partitions: grain === 'partition' ? [columnOf('org_id')] : [],
    family: false,
  }
}

async function write(
  cache: Cache,
  table: Orders,
  grain: Grain,
  id: number,
  chance: number,
): Promise<void> {
  const inserted = !table.has(id) || chance < 0.15
  const row = inserted ? table.insert(table.has(id) ? undefined : id) : id
  if (!inserted) {
    if (chance < 0.2) table.delete(row)
    else table.update(row)
  }
  const change: TableChange = {
    table: TABLE,
    inserted,
    rows: [row],
    partitions: { org_id: [organisationOf(row)] },
  }
  await cache.invalidateTags(changeTags(DATABASE, change, layoutOf(grain)))
}

function organisationOf(order: number): number {
  return order % ORGANISATIONS
}

/** The table, as counters: what a query would find changes when the counter that it reads does. */
class Orders {
  readonly #rows = new Map<number, number>()
  readonly #organisations = new Float64Array(ORGANISATIONS)
  #all = 0
  #next = ORDERS

  constructor() {
    for (let id = 0; id < ORDERS; id++) this.#rows.set(id, 0)
  }

  has(id: number): boolean {
    return this.#rows.has(id)
  }

  read(kind: Kind, id: number): number {
    if (kind === 'key') return this.#rows.get(id) ?? -1
    return kind === 'organisation' ? this.#organisations[id]! : this.#all
  }

  insert(id: number = this.#next++): number {
    this.#rows.set(id, this.#all + 1)
    this.#changed(id)
    return id
  }

  update(id: number): void {
    this.#rows.set(id, this.#all + 1)
    this.#changed(id)
  }

  delete(id: number): void {
    this.#rows.delete(id)
    this.#changed(id)
  }

  #changed(id: number): void {
    this.#all++
    this.#organisations[organisationOf(id)]!++
  }
}

/** Numbers below `count`, the small ones more often. */
function zipf(count: number, random: () => number): () => number {
  const cumulated = new Float64Array(count)
  let sum = 0
  for (let i = 0; i < count; i++) cumulated[i] = sum += (i + 1) ** -SKEW
  return () => {
    const at = random() * sum
    let low = 0
    let high = count - 1
    while (low < high) {
      const middle = (low + high) >>> 1
      if (cumulated[middle]! < at) low = middle + 1
      else high = middle
    }
    return low
  }
}
