/** Single steps, each alone in a loop. */
import { crc32 } from 'node:zlib'
import { LRUCache } from 'lru-cache'
import { createCache } from '../../index.js'
import { memoryStore } from '../../adapters/memory/index.js'
import { systemClock } from '../../src/base/clock.js'
import { systemRandom } from '../../src/base/random.js'
import { isAhead } from '../../src/base/turn-clock.js'
import { standardCodec } from '../../src/store/codec.js'
import { descriptionBytes } from '../../src/store/envelope-description.js'
import { createEnvelopes } from '../../src/store/envelope.js'
import { plainHash } from '../../src/store/names.js'
import { admit } from '../../src/store/value.js'
import { serve } from '../../test/support/processes.js'
import { inTurns, type Loop } from '../lib/loops.js'
import { spreadOf } from '../lib/statistics.js'
import { valueOf } from '../lib/value.js'
import { HTTP_STEPS } from './http.js'

/** CPU time of one, ns: the median of rounds of about 10 ms. */
async function timeOf(loop: Loop): Promise<number> {
  const [rounds] = await inTurns([loop], { rounds: 15, roundMs: 10, clock: 'cpu' })
  return spreadOf(rounds!).median
}

/** What the loops come to, so that no compiler leaves them out. */
let sink: unknown

const KEY = 'customer:1'
const context = {
  namespace: 'steps',
  clock: systemClock,
  random: systemRandom,
  onError: console.error,
}

const STEPS: Readonly<Record<string, () => Loop>> = {
  'an await of an async function': () => {
    const answer = async (): Promise<number> => 1
    return async (times) => {
      for (let n = 0; n < times; n++) sink = await answer()
    }
  },
  'Date.now()': () => (times) => {
    for (let n = 0; n < times; n++) sink = Date.now()
  },
  'the time, for a turn that asks often': () => (times) => {
    const end = Date.now() + 3_600_000
    for (let n = 0; n < times; n++) sink = isAhead(systemClock, end)
  },
  'the floor: lru-cache with a ttl behind an async function': () => {
    const cache = new LRUCache<string, object>({ max: 1_000, ttl: 3_600_000 })
    cache.set(KEY, valueOf(1))
    const get = async (key: string): Promise<unknown> => cache.get(key)
    return async (times) => {
      for (let n = 0; n < times; n++) sink = await get(KEY)
    }
  },
  'the memory store’s get': () => {
    const store = memoryStore().open(context)
    store.put(KEY, {
      value: valueOf(1),
      loadedAt: Date.now(),
      freshUntil: Infinity,
      staleUntil: Infinity,
      checkAt: Infinity,
      copied: false,
      private: false,
      bytes: 400,
      tags: [],
      versions: [],
    })
    return (times) => {
      for (let n = 0; n < times; n++) sink = store.get(KEY)
    }
  },
  'getOrSet, a hit in memory': () => hit({}, KEY),
  'the same under a key of two parts': () => hit({}, ['customer', 1]),
  'the same with a listener': () => hit({ listens: true }, KEY),
  'the same, values copied': () => hit({ values: 'copy' }, KEY),
  'a value of 200 bytes weighed, copied and frozen': () => (times) => {
    const value = valueOf(1)
    for (let n = 0; n < times; n++) sink = admit(value, 'freeze')
  },
  'making the same value, which the loader does': () => (times) => {
    for (let n = 0; n < times; n++) sink = valueOf(n)
  },
  'the value as bytes, by the codec': () => (times) => {
    const value = valueOf(1)
    for (let n = 0; n < times; n++) sink = standardCodec.encode(value)
  },
  'and back': () => {
    const bytes = standardCodec.encode(valueOf(1))
    return (times) => {
      for (let n = 0; n < times; n++) sink = standardCodec.decode(bytes)
    }
  },
  'JSON.stringify and to bytes': () => (times) => {
    const value = valueOf(1)
    for (let n = 0; n < times; n++) sink = Buffer.from(JSON.stringify(value))
  },
  'JSON.parse of the bytes': () => {
    const bytes = Buffer.from(JSON.stringify(valueOf(1)))
    return (times) => {
      for (let n = 0; n < times; n++) sink = JSON.parse(bytes.toString())
    }
  },
  'a key of Redis checked, named and hashed': () => (times) => {
    for (let n = 0; n < times; n++) sink = plainHash(KEY)
  },
  'the checksum of an entry of 270 bytes': () => {
    const bytes = sealed([])
    return (times) => {
      for (let n = 0; n < times; n++) sink = crc32(bytes)
    }
  },
  'an entry opened and decoded': () => opened([]),
  'the same on the straight way': () => compared([]),
  'an entry with three tags opened and decoded': () => opened(TAGS),
  'the same on the straight way, with tags': () => compared(TAGS),
}

const SPACE = 'AAAAAAAAAAAA'
const TAGS = ['customers', 'city:springfield', 'plan:basic']
const envelopes = createEnvelopes({ random: systemRandom })

function sealed(tags: readonly string[]): Buffer {
  return envelopes.seal({
    key: KEY,
    name: KEY,
    digested: false,
    value: valueOf(1),
    loadedAt: Date.now(),
    freshUntil: Infinity,
    staleUntil: Infinity,
    private: false,
    space: SPACE,
    tags,
    versions: tags.map(() => SPACE),
    delta: 1,
  }) as Buffer
}

function opened(tags: readonly string[]): Loop {
  const bytes = sealed(tags)
  return (times) => {
    for (let n = 0; n < times; n++) sink = envelopes.open(bytes, KEY, KEY).decode()
  }
}

/** As a read does it that expects what it finds (src/cache/straight-ask.ts). */
function compared(tags: readonly string[]): Loop {
  const bytes = sealed(tags)
  const versions = tags.map(() => SPACE)
  const description = descriptionBytes(SPACE, tags, versions)!
  const now = Date.now()
  return (times) => {
    for (let n = 0; n < times; n++) {
      sink = envelopes.fresh(bytes, plainHash(KEY), description, tags.length, now)
    }
  }
}

function hit(
  { listens = false, values = 'freeze' }: { listens?: boolean; values?: 'freeze' | 'copy' },
  key: string | readonly (string | number)[],
): Loop {
  const cache = createCache({ ttl: '1h', values })
  if (listens) cache.on('hit', (event) => (sink = event))
  return async (times) => {
    for (let n = 0; n < times; n++) sink = await cache.getOrSet(key, () => valueOf(1))
  }
}

const ALL: Readonly<Record<string, () => Loop>> = { ...STEPS, ...HTTP_STEPS }

const service = {
  names: (): string[] => Object.keys(ALL),
  time: (name: string): Promise<number> => timeOf(ALL[name]!()),
  /** So that nothing of the above is left out. */
  sink: (): boolean => sink !== undefined,
}

export type StepsService = typeof service

serve(service)
