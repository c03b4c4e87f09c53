import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')

/** The optional properties of the interfaces whose names end in `Options` in a source file. */
function optionsIn(path: string): string[] {
  const interfaces = read(path).matchAll(/^export interface \w*Options\b[^{]*\{(.*?)^\}/gms)
  return [...interfaces].flatMap(([, body = '']) =>
    [...body.matchAll(/^ {2}readonly (\w+)\?:/gm)].map(([, name = '']) => name),
  )
}

/** The names in the first column of the tables of a section, by its heading. */
function namesUnder(heading: string): string[] {
  const section = read('docs/options.md')
    .split(/^## /m)
    .find((part) => part.startsWith(heading))
  return [...(section ?? '').matchAll(/^\| `(\w+)`/gm)].map(([, name = '']) => name)
}

test.each([
  [
    'src/cache/options.ts',
    ['How long an entry lives', 'For a call', 'For a cache', 'For an audit'],
  ],
  ['src/page/options.ts', ['For pages']],
  ['src/page/compress.ts', ['For `compress` of pages']],
  ['adapters/memory/options.ts', ['For `memoryStore`']],
  ['adapters/redis/options.ts', ['For `redisStore`']],
  ['adapters/memcached/options.ts', ['For `memcachedStore`']],
  ['src/session/options.ts', ['For `sessionStore`']],
  ['adapters/postgres/listen-options.ts', ['For `listenForChanges`']],
  ['adapters/postgres/replicate-options.ts', ['For `replicateChanges`']],
])('docs/options.md has each option of %s, and no other', (file, headings) => {
  const documented = headings.flatMap(namesUnder)
  expect(documented.toSorted()).toEqual([...new Set(optionsIn(file))].toSorted())
})
