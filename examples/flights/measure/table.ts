import type { Figures } from './measure.ts'

const COLUMNS: readonly [title: string, cell: (figures: Figures) => string][] = [
  ['', ({ setup }) => setup],
  ['requests/s', ({ requestsPerSecond }) => whole(requestsPerSecond)],
  ['p50', ({ p50 }) => milliseconds(p50)],
  ['p99', ({ p99 }) => milliseconds(p99)],
  ['db queries/s', ({ queriesPerSecond }) => whole(queriesPerSecond)],
  ['hit ratio', ({ hitRatio }) => (hitRatio === undefined ? '–' : percent(hitRatio))],
  ['failed', ({ failed }) => whole(failed)],
]

/** Figures as lines of text, columns aligned; the failures only when there were any. */
export function table(all: readonly Figures[]): string {
  const columns = COLUMNS.filter(
    ([title]) => title !== 'failed' || all.some(({ failed }) => failed > 0),
  ).map(([title, cell]) => [title, ...all.map(cell)])
  const widths = columns.map((cells) => Math.max(...cells.map((cell) => cell.length)))
  const lines = [...all.keys(), all.length].map((row) =>
    columns
      .map((cells, index) => {
        const cell = cells[row] ?? ''
        const width = widths[index] ?? 0
        return index === 0 ? cell.padEnd(width) : cell.padStart(width + 3)
      })
      .join('')
      .trimEnd(),
  )
  const rule = '─'.repeat(widths.reduce((sum, width) => sum + width + 3, -3))
  return [lines[0], rule, ...lines.slice(1)].join('\n')
}

const whole = (value: number) => Math.round(value).toLocaleString('en')
const milliseconds = (value: number) => `${value.toFixed(value < 10 ? 1 : 0)} ms`
const percent = (share: number) => `${(share * 100).toFixed(1)}%`
