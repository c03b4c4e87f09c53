import type { Outcome, Target } from './scenario.js'

/** The outcome as a Markdown table, which is also what the terminal shows. */
export function tableOf({ columns, rows }: Outcome): string {
  const head = ['', ...columns]
  const body = rows.map(({ name, cells }) => [name, ...cells])
  const widths = head.map((title, at) =>
    Math.max(title.length, 3, ...body.map((cells) => (cells[at] ?? '').length)),
  )
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, at) => (at === 0 ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!))).join(' | ')} |`
  const rule = widths.map((width, at) =>
    at === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`,
  )
  return [line(head), `| ${rule.join(' | ')} |`, ...body.map(line)].join('\n')
}

/** Ours beside the target: reached or not. */
export function verdictOf({ ours, target }: Outcome): string {
  if (target === undefined) return ''
  const state = ours <= target.atMost ? 'reached' : 'missed'
  return `target ${inWords(target)}: ${state} (${Number(ours.toPrecision(3))})`
}

export function inWords({ atMost, unit }: Target): string {
  return unit === 'ratio' ? `at most ${atMost} × the floor` : `at most ${atMost} ${unit}`
}
