/** `docs/options.md` has each option that there is, with the default that its declaration states. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')

interface Option {
  readonly name: string
  readonly default: string
}

/** The properties that an interface declares itself, with what their docs say after `Default:`. */
function optionsOf(file: string, type: string): Option[] {
  const declared = new RegExp(`^export interface ${type}\\b[^]*?\\{\\n([^]*?)^\\}`, 'm')
  const body = declared.exec(read(file))?.[1] ?? ''
  const properties = body.matchAll(/(?:^ {2}\/\*\*([^]*?)\*\/\n)?^ {2}readonly (\w+)\??:/gm)
  return [...properties].map(([, doc = '', name = '']) => {
    const text = doc.replaceAll(/\s*\n\s*\* ?/g, ' ')
    return { name, default: /Default: (.*?)(?:\.(?:\s|$)|$)/.exec(text)?.[1] ?? '' }
  })
}

const sections = read('docs/options.md').split(/^#{2,3} /m)

/** The first and the last column of the tables of a section. */
function documentedUnder(heading: string): Option[] {
  const section = sections.find((part) => part.startsWith(`${heading}\n`)) ?? ''
  return [...section.matchAll(/^\| `(\w+)`.*\|([^|]*)\|$/gm)].map(([, name = '', last = '']) => ({
    name,
    default: last.trim(),
  }))
}

/** A default in one form: `'5s'`, `10000`, `false`; undefined where it is told in words. */
function literal(said: string): string | undefined {
  const text = said.replaceAll('`', '')
  const amount = /^(\d+) (second|minute|MiB|KiB)/.exec(text)
  if (amount)
    return `'${amount[1]}${{ second: 's', minute: 'm', MiB: 'mb', KiB: 'kb' }[amount[2]!]}'`
  const [first] = /^('[^']*'|\[[^\]]*\]|true\b|false\b|Infinity|[\d.,_]*\d)/.exec(text) ?? []
  return first === undefined || /^['[a-zI]/.test(first) ? first : first.replaceAll(/[,_]/g, '')
}

type Declaration = readonly [file: string, type: string]
const TABLES: readonly (readonly [heading: string, types: readonly Declaration[]])[] = [
  ['How long an entry lives', [['src/cache/options.ts', 'LifetimeOptions']]],
  [
    'For a call',
    [
      ['src/cache/options.ts', 'KeepOptions'],
      ['src/cache/options.ts', 'GetOrSetOptions'],
    ],
  ],
  [
    'For `getOrSetMany`, `get`, `increment` and `wrap`',
    [
      ['src/cache/cache.ts', 'ManyOptions'],
      ['src/cache/cache.ts', 'GetOptions'],
      ['src/cache/cache.ts', 'IncrementOptions'],
      ['src/cache/cache.ts', 'WrapOptions'],
    ],
  ],
  ['For a cache', [['src/cache/options.ts', 'CacheOptions']]],
  ['For an audit', [['src/cache/options.ts', 'AuditOptions']]],
  ['For `compression`', [['src/store/compression.ts', 'CompressionOptions']]],
  ['For `encryption`', [['src/store/encryption.ts', 'EncryptionOptions']]],
  ['For `keepWarm`', [['src/cache/warm.ts', 'WarmOptions']]],
  ['For `defineObject`', [['src/object/types.ts', 'ObjectOptions']]],
  ['For a part', [['src/object/types.ts', 'Part']]],
  ['For `update`', [['src/object/types.ts', 'UpdateOptions']]],
  [
    'For `fragment`',
    [
      ['src/fragment/fragment.ts', 'FragmentOptions'],
      ['src/fragment/fragment.ts', 'ItemOptions'],
    ],
  ],
  ['For pages', [['src/page/options.ts', 'PageOptions']]],
  ['For `compress` of pages', [['src/page/compress.ts', 'CompressOptions']]],
  [
    'For `cacheControl`',
    [
      ['src/http/cache-control-format.ts', 'CacheControlOptions'],
      ['src/http/policy.ts', 'CachePolicyOptions'],
    ],
  ],
  [
    'For `replica`',
    [
      ['adapters/pg/replica.ts', 'PoolReplica'],
      ['src/query/replica.ts', 'ReplicaOptions'],
    ],
  ],
  ['For a cached query', [['src/query/types.ts', 'QueryCacheOptions']]],
  ['For `memoryStore`', [['adapters/memory/options.ts', 'MemoryStoreOptions']]],
  ['For `redisStore`, after the target', [['adapters/redis/options.ts', 'RedisStoreOptions']]],
  [
    'For `memcachedStore`, after the servers',
    [['adapters/memcached/options.ts', 'MemcachedStoreOptions']],
  ],
  ['For `sessionStore`', [['src/session/options.ts', 'SessionOptions']]],
  ['For `listenForChanges`', [['adapters/postgres/listen-options.ts', 'ListenOptions']]],
  ['For `replicateChanges`', [['adapters/postgres/replicate-options.ts', 'ReplicateOptions']]],
  ['For `cachedDatabase`', [['adapters/sqlite/options.ts', 'SqliteCacheOptions']]],
  ['For one statement', [['adapters/sqlite/options.ts', 'StatementCacheOptions']]],
  ['For `instrument`', [['adapters/opentelemetry/instrument.ts', 'InstrumentOptions']]],
]
/** What is said in a sentence above a table, or is of another table. */
const ELSEWHERE: Readonly<Record<string, readonly string[]>> = {
  'For `listenForChanges`': ['connection'],
  'For `replicateChanges`': ['connection'],
  'For `replica`': ['position'],
}

test.each(TABLES)('%s: each option, and no other', (heading, types) => {
  const declared = types.flatMap(([file, type]) => optionsOf(file, type))
  const names = (options: readonly Option[]) => [...new Set(options.map(({ name }) => name))]
  const documented = [...names(documentedUnder(heading)), ...(ELSEWHERE[heading] ?? [])]
  expect(documented.toSorted()).toEqual(names(declared).toSorted())
})

test('what queries take is in the table of pools, or in the one of `createQueries`', () => {
  const documented = [
    ...documentedUnder('For cached queries'),
    ...documentedUnder('For `createQueries`'),
    ...documentedUnder(
      'For `cachedPool` of `keepfresh/mysql2`, `cachedPglite` and `cachedDialect`',
    ),
  ].map(({ name }) => name)
  const declared = [
    ...optionsOf('src/query/types.ts', 'QueriesOptions'),
    ...optionsOf('adapters/pg/pool.ts', 'CachedPoolOptions'),
    ...optionsOf('adapters/mysql2/pool.ts', 'CachedPoolOptions'),
    ...optionsOf('adapters/pglite/database.ts', 'CachedPgliteOptions'),
    ...optionsOf('adapters/kysely/index.ts', 'CachedDialectOptions'),
  ].map(({ name }) => name)
  expect([...new Set(documented)].toSorted()).toEqual([...new Set(declared)].toSorted())
})

test('defaults are those of the declarations', () => {
  const tables: typeof TABLES = [
    ...TABLES,
    [
      'For cached queries',
      [
        ['src/query/types.ts', 'QueriesOptions'],
        ['adapters/pg/pool.ts', 'CachedPoolOptions'],
      ],
    ],
  ]
  const compared = tables.flatMap(([heading, types]) =>
    types.flatMap(([file, type]) =>
      optionsOf(file, type).flatMap((option) => {
        const rows = documentedUnder(heading).filter(({ name }) => name === option.name)
        const expected = literal(option.default)
        if (expected === undefined || rows.length === 0) return []
        const said = rows.map((row) => literal(row.default))
        return {
          option: `${heading}: ${option.name}`,
          expected,
          said: said.find((each) => each === expected) ?? said[0],
        }
      }),
    ),
  )
  expect(compared.length).toBeGreaterThan(60)
  expect(compared.filter(({ expected, said }) => expected !== said)).toEqual([])
})
