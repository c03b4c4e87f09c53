/**
 * What does the memory store cost as it grows? From one entry to a million, and from one tag to ten thousand.
 *
 *     node --import ./scripts/typescript.ts benchmarks/growth-memory.ts [--policy lru] [--most 100000] [--json]
 *
 * Beside lru-cache itself, in the same run, with the same entries. What is not flat, and why:
 *
 * - Random reads take longer in a larger store because memory does: entries leave the processor's caches. lru-cache's do too.
 * - The longest write while a store fills is V8 copying a `Map` that is full, at every power of two: 60 to 150 ms at half a
 *   million keys. lru-cache has it too. Deletions would copy it as well; the memory store's never do.
 */
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { measureEntries, type EntriesRow, type Pair } from './growth-memory/entries.ts'
import { measureInvalidate, measureTags } from './growth-memory/tags.ts'

const { values: flags } = parseArgs({
  options: {
    policy: { type: 'string', default: 's3-fifo' },
    most: { type: 'string', default: '1000000' },
    json: { type: 'boolean', default: false },
  },
})
const policy = flags.policy === 'lru' ? 'lru' : 's3-fifo'
const upTo = (most: number): number[] =>
  [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000].filter((count) => count <= most)

measureEntries(1_000, policy)
const entries = upTo(Number(flags.most)).map((count) => measureEntries(count, policy))
measureTags(100)
const tags = upTo(10_000).map((count) => measureTags(count))
const invalidations = upTo(1_000).map((count) => measureInvalidate(count))

if (flags.json) {
  process.stdout.write(`${JSON.stringify({ policy, entries, tags, invalidations }, null, 2)}\n`)
} else {
  print(
    `Entries, policy ${policy}: ours / lru-cache`,
    [
      'entries',
      'read ns',
      'replace ns',
      'insert ns',
      'heap B',
      'fill ms',
      'clear ms',
      'expire ms',
      'steps',
    ],
    entries.map(entriesRow),
  )
  print(
    'Tags on 10,000 entries, three to each',
    ['tags', 'read ns', 'read after an invalidation ns', 'invalidate one µs'],
    tags.map((row) => [row.tags, row.read, row.readAfter, row.invalidateOne].map(short)),
  )
  print(
    'Tags invalidated at once',
    ['tags', 'µs'],
    invalidations.map((row) => [row.tags, row.microseconds].map(short)),
  )
  process.stdout.write(`Node ${process.version}, ${cpus()[0]?.model ?? 'unknown CPU'}.\n`)
}

function entriesRow(row: EntriesRow): string[] {
  const both = ({ ours, floor }: Pair): string => `${short(ours)} / ${short(floor)}`
  return [
    String(row.entries),
    ...[row.read, row.replace, row.insert, row.heap].map(both),
    ...[row.fillPause, row.clearPause, row.expirePause].map(both),
    String(row.expireSteps),
  ]
}

function short(value: number): string {
  if (Number.isNaN(value)) return '–'
  return Number.isInteger(value) || value >= 100
    ? value.toFixed(0)
    : value.toFixed(value < 1 ? 2 : 1)
}

function print(title: string, head: string[], rows: string[][]): void {
  const lines = [head, head.map(() => '---:'), ...rows].map((cells) => `| ${cells.join(' | ')} |`)
  process.stdout.write(`## ${title}\n\n${lines.join('\n')}\n\n`)
}
