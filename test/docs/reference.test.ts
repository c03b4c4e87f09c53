/** `docs/reference.md` names what there is, and nothing else: exports by subpath, codes of errors, events. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
const sorted = (names: Iterable<string>) => [...new Set(names)].toSorted()

const sections = read('docs/reference.md')
  .split(/^## /m)
  .slice(1)
  .map((section) => ({ heading: section.slice(0, section.indexOf('\n')), section }))

/** What stands in backquotes in the first column of a section's tables. */
function firstColumn(section: string): string[] {
  return [...section.matchAll(/^\| (`[^|]*)\|/gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name),
  )
}

function namesUnder(heading: string): string[] {
  const found = sections.find((each) => each.heading === heading)
  return firstColumn(found?.section ?? '')
}

/** Every name, of values and types, that an index exports. */
function exportsOf(file: string): string[] {
  const code = read(file).replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, '')
  const lists = [...code.matchAll(/^export (?:type )?\{([^}]*)\}/gm)]
  const listed = lists.flatMap(([, list = '']) =>
    list
      .split(',')
      .map((each) => each.trim().split(/\s+/).at(-1) ?? '')
      .filter(Boolean),
  )
  const declared = code.matchAll(
    /^export (?:async )?(?:function|const|class|interface|type) (\w+)/gm,
  )
  return [...listed, ...[...declared].map(([, name = '']) => name)]
}

const subpaths = Object.entries(manifest.exports).flatMap(([subpath, target]) =>
  typeof target === 'string'
    ? []
    : [{ name: `keepfresh${subpath.slice(1)}`, file: target.types.slice(7, -5) + '.ts' }],
)

test.each(sections.filter(({ heading }) => heading.startsWith('`keepfresh')))(
  '$heading: each name, and no other',
  ({ heading, section }) => {
    const named = [...heading.matchAll(/`([^`]+)`/g)].map(([, name]) => name)
    const files = subpaths.filter(({ name }) => named.includes(name)).map(({ file }) => file)
    expect(files).toHaveLength(named.length)
    expect(sorted(firstColumn(section))).toEqual(sorted(files.flatMap(exportsOf)))
  },
)

test('every subpath has its section', () => {
  const headings = sections.map(({ heading }) => heading).join()
  expect(subpaths.filter(({ name }) => !headings.includes(`\`${name}\``))).toEqual([])
})

test('each code of an error, and no other', () => {
  const codes = [...read('src/base/errors.ts').matchAll(/^ {2}\| '(\w+)'/gm)].map(
    ([, code = '']) => code,
  )
  expect(sorted(namesUnder('Errors'))).toEqual(sorted(codes))
})

test.each([
  ['Events of a cache', 'src/cache/events.ts', 'CacheEvents'],
  ['Events of queries', 'src/query/types.ts', 'QueryEvents'],
  ['Events of a cached SQLite database', 'adapters/sqlite/events.ts', 'SqliteCacheEvents'],
])('%s: each, and no other', (heading, file, type) => {
  const body = new RegExp(`^export interface ${type} \\{(.*?)^\\}`, 'ms').exec(read(file))?.[1]
  const events = [...(body ?? '').matchAll(/^ {2}readonly '?([\w-]+)'?: \{/gm)]
  expect(sorted(namesUnder(heading))).toEqual(sorted(events.map(([, name = '']) => name)))
})

test('docs/query-invalidation.md has each event of the listeners, and no other', () => {
  const [, body = ''] =
    /^## What listeners tell$(.*?)^## /ms.exec(read('docs/query-invalidation.md')) ?? []
  const types = read('adapters/postgres/events.ts').matchAll(/readonly type: '([\w-]+)'/g)
  expect(sorted(firstColumn(body))).toEqual(sorted([...types].map(([, name = '']) => name)))
})
