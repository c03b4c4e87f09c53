import { describe, expect, it } from 'vitest'
import { memoryStore } from '../../adapters/memory/index.js'
import { createCache, type Store } from '../../index.js'
import {
  explore,
  type Actor,
  type ExploreOptions,
  type Exploration,
  type Maker,
} from '../../src/testing/simulation/index.js'

/** How much to explore: `EXPLORE=100` goes a hundred times as far as CI does. */
const SCALE = Number(process.env['EXPLORE'] ?? 1)

function maker(memory: readonly string[], { leasesAtTheEnd = false } = {}): Maker {
  return (process, store, { clock, random }) => {
    const near = memoryStore({ maxEntries: 100 })
    const tier = leasesAtTheEnd ? withLateLeases(near) : near
    return createCache({
      tiers: memory.includes(process) ? [tier, store] : [store],
      clock,
      random,
      lease: '5s',
      lockWait: '20s',
    })
  }
}

/** Memory whose leases are worth nothing: each fill plants its own. */
function withLateLeases(memory: ReturnType<typeof memoryStore>): Store {
  return {
    name: memory.name,
    open(context) {
      const local = memory.open(context)
      const plant = local.plant.bind(local)
      const fill = local.fill.bind(local)
      const learn = local.learn.bind(local)
      local.plant = () => ({ live: true })
      local.release = () => {}
      local.learn = (_lease, tags, versions) => learn(plant('learns'), tags, versions)
      local.fill = (key, _lease, entry) => fill(key, plant(key), entry)
      return local
    },
  }
}

async function exploring(
  what: string,
  actors: readonly Actor[],
  options: Partial<ExploreOptions> = {},
): Promise<Exploration> {
  const found = await explore({
    make: maker(options.memory ?? []),
    actors,
    ...options,
    most: (options.most ?? 2_000) * SCALE,
  })
  const { schedules, merged, complete } = found
  console.info(
    `explored ${schedules + merged} schedules of ${what} (${merged} led to a state seen before)${complete ? ', which are all' : ''}`,
  )
  return found
}

const read = (process: string): Actor => ({ does: 'read', process })
/** By `getOrSet`: what is fresh goes the straight way. */
const readValue = (process: string): Actor => ({ does: 'read', process, through: 'value' })
const readLate = (process: string): Actor => ({ does: 'read', process, late: true })
const readWhole = (process: string): Actor => ({ does: 'read', process, through: 'whole' })
const readObject = (process: string): Actor => ({ does: 'read', process, through: 'object' })
const remove: Actor = { does: 'delete', process: 'C' }
const invalidate: Actor = { does: 'invalidate', process: 'C' }
/** What B fills is taken over by the memory of A. */
const takingOver: readonly Actor[] = [readValue('A'), readValue('B'), { ...remove, process: 'B' }]

describe('no schedule breaks the promise', { timeout: 600_000 * SCALE }, () => {
  it('of two readers in one process and a deletion, without process memory: all of them', async () => {
    const found = await exploring('two readers and a deletion', [read('A'), read('A'), remove], {
      most: 20_000,
    })
    expect(found).toMatchObject({ complete: true, anomaly: undefined })
  })

  it('of a reader and an invalidated tag, over process memory: all of them', async () => {
    const found = await exploring('a reader with memory and a tag', [read('A'), invalidate], {
      memory: ['A'],
      most: 20_000,
    })
    expect(found).toMatchObject({ complete: true, anomaly: undefined })
  })

  it('of a tag that is named at the end of a load, its records changed one by one: all of them', async () => {
    const found = await exploring(
      'a reader with a late tag and an invalidation',
      [readLate('A'), invalidate],
      {
        split: true,
        most: 20_000,
      },
    )
    expect(found).toMatchObject({ complete: true, anomaly: undefined })
  })

  it('of two readers without process memory: one load does for both', async () => {
    const found = await exploring('two readers', [read('A'), read('B')], {
      oneLoad: true,
      most: 20_000,
    })
    expect(found).toMatchObject({ complete: true, anomaly: undefined })
  })

  describe('when the lease comes with the answer that nothing is there', () => {
    const claims = true
    const late: Actor = { does: 'read', process: 'A', through: 'value', late: true }

    it.each([
      ['of two readers and a deletion', [readValue('A'), readValue('B'), remove], []],
      [
        'of two readers in one process and a deletion',
        [readValue('A'), readValue('A'), remove],
        [],
      ],
      ['of a reader and an invalidated tag, over memory', [readValue('A'), invalidate], ['A']],
      ['of a tag that is named at the end of a load', [late, invalidate], ['A']],
    ] as const)('%s: all of them', async (what, actors, memory) => {
      const found = await exploring(what, actors, { memory, split: true, claims, most: 20_000 })
      expect(found).toMatchObject({ complete: true, anomaly: undefined })
    })

    it('of two readers: one load does for both', async () => {
      const actors = [readValue('A'), readValue('B')]
      const found = await exploring('two readers', actors, { claims, oneLoad: true, most: 20_000 })
      expect(found).toMatchObject({ complete: true, anomaly: undefined })
    })
  })

  const cast: readonly Actor[] = [
    readValue('A'),
    read('B'),
    { does: 'set', process: 'C' },
    { does: 'invalidate', process: 'D' },
  ]
  const memory = ['A', 'B']

  it('of two readers with memory, a writer and an invalidator: one after the other', async () => {
    const found = await exploring('two readers, a writer and an invalidator', cast, { memory })
    expect(found.anomaly).toBeUndefined()
  })

  it.each([
    ['with memory', cast, { memory }],
    ['without memory', cast, {}],
    [
      'in one process, reading on',
      [
        { ...readValue('A'), times: 3 },
        { ...read('A'), times: 3 },
        { ...remove, process: 'A', times: 2 },
        { ...invalidate, times: 2 },
      ],
      { memory: ['A'] },
    ],
    ['taken over by process memory', takingOver, { memory: ['A'] }],
    [
      'with late tags, records changed one by one',
      [readLate('A'), readLate('B'), { ...invalidate, times: 2 }],
      { split: true, memory },
    ],
    [
      'of something made from the key, over memory',
      [{ ...readWhole('A'), times: 2 }, readWhole('B'), { ...invalidate, times: 2 }],
      { memory },
    ],
    [
      'of an object that is updated in place and whose part is refreshed',
      [
        readObject('A'),
        { ...readObject('B'), times: 2 },
        { does: 'refresh', process: 'B' },
        { does: 'update', process: 'C' },
        { does: 'update', process: 'A' },
        { does: 'invalidate', process: 'D' },
      ],
      { memory },
    ],
    [
      'of an object without memory',
      [
        readObject('A'),
        readObject('A'),
        { does: 'refresh', process: 'A' },
        { does: 'update', process: 'C', times: 2 },
      ],
      {},
    ],
    [
      'whose leases come with the answer, in one process, reading on',
      [
        { ...readValue('A'), times: 3 },
        { ...readValue('A'), times: 3 },
        { ...readValue('B'), times: 2 },
        { ...remove, process: 'A', times: 2 },
        { ...invalidate, times: 2 },
      ],
      { memory: ['A'], claims: true },
    ],
    [
      'whose leases come with the answer, while things are evicted and processes cut off',
      [
        { ...readValue('A'), times: 2 },
        { ...readValue('B'), times: 2 },
        { does: 'set', process: 'C' },
        { does: 'invalidate', process: 'A' },
        { does: 'clear', process: 'D' },
      ],
      {
        memory: ['B'],
        claims: true,
        faults: [
          { strikes: 'evict leases' },
          { strikes: 'evict records' },
          { strikes: 'cut off', process: 'B' },
          { strikes: 'time passes', ms: 6_000 },
        ],
        leaps: 6,
      },
    ],
    [
      'while things are evicted',
      [...cast, remove],
      {
        memory,
        faults: [
          { strikes: 'evict leases' },
          { strikes: 'evict records' },
          { strikes: 'evict entries' },
        ],
      },
    ],
    [
      'while the server forgets everything',
      [...cast, { does: 'clear', process: 'D' }],
      { memory, faults: [{ strikes: 'flush' }, { strikes: 'flush' }] },
    ],
    [
      'while leases run out',
      cast,
      { memory, faults: [{ strikes: 'time passes', ms: 6_000 }], leaps: 3 },
    ],
    [
      'while entries go out of date',
      [{ ...readValue('A'), times: 3 }, { ...read('B'), times: 3 }, invalidate],
      { memory, faults: [{ strikes: 'time passes', ms: 61_000 }], leaps: 3 },
    ],
    [
      'while a process is cut off',
      [
        { ...read('A'), times: 2 },
        { ...readValue('B'), times: 2 },
        { does: 'delete', process: 'B' },
        { does: 'invalidate', process: 'A' },
      ],
      {
        memory,
        faults: [
          { strikes: 'cut off', process: 'B' },
          { strikes: 'cut off', process: 'A' },
        ],
        leaps: 6,
      },
    ],
  ] as const satisfies readonly (readonly [string, readonly Actor[], Partial<ExploreOptions>])[])(
    'of a thousand drawn at random, %s',
    async (what, actors, options) => {
      const found = await exploring(`a cast ${what}`, actors, {
        ...options,
        seed: 20_260_101,
        most: 1_000,
      })
      expect(found.anomaly).toBeUndefined()
    },
  )
})

describe('an anomaly is found when a protection is taken out', { timeout: 600_000 }, () => {
  it.each([
    ['a fill needs its lease', [read('A'), remove], { weak: { fillsWithoutLease: true } }],
    ['a deletion takes the lease', [read('A'), remove], { weak: { dropKeepsLease: true } }],
    [
      'one lease at a time',
      [read('A'), read('B')],
      { weak: { leasesAreShared: true }, oneLoad: true },
    ],
    [
      'the entry is read again under the lease',
      [read('A'), read('B')],
      { weak: { acquiresWithoutReading: true }, oneLoad: true },
    ],
    [
      'a version is never used twice',
      [read('A'), invalidate],
      { weak: { versionsRestart: true }, faults: [{ strikes: 'evict records' }] },
    ],
    [
      'each invalidation moves the epoch',
      [readLate('A'), invalidate],
      { weak: { epochStays: true } },
    ],
    ['tags are compared', [read('A'), invalidate], { weak: { tagsNeverChange: true } }],
    [
      'what is made of parts inherits their tags',
      [readWhole('A'), invalidate],
      { weak: { tagsNeverChange: true } },
    ],
    ['other processes are told', [read('A'), remove], { weak: { silent: true }, memory: ['A'] }],
    [
      'memory takes over what was read under a lease that it gave before',
      takingOver,
      { memory: ['A'], make: maker(['A'], { leasesAtTheEnd: true }), seed: 1 },
    ],
    [
      'memory takes over what was loaded under a lease older than what was noted',
      [readValue('A'), readValue('A'), invalidate],
      { memory: ['A'], make: maker(['A'], { leasesAtTheEnd: true }), claims: true, seed: 1 },
    ],
    [
      'a fill needs its lease, which came with the answer',
      [readValue('A'), remove],
      { weak: { fillsWithoutLease: true }, claims: true },
    ],
    [
      'a version is never used twice, nor noted with a lease that came with the answer',
      [readValue('A'), invalidate],
      { weak: { versionsRestart: true }, faults: [{ strikes: 'evict records' }], claims: true },
    ],
    [
      'a joiner asks whether the lease is still there',
      [read('A'), read('A'), remove],
      { weak: { holderIsGuessed: true } },
    ],
  ] as const satisfies readonly (readonly [string, readonly Actor[], Partial<ExploreOptions>])[])(
    '%s',
    async (protection, actors, options) => {
      const found = await exploring(`«${protection}» taken out`, actors, {
        ...options,
        most: 20_000,
      })
      expect(found.anomaly?.broken[0]).toMatch(/^promise [123]:/)
      expect(found.anomaly?.story.length).toBeGreaterThan(5)
    },
  )
})
