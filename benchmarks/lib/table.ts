import type { Outcome, Part, Target } from './scenario.js'

/** The outcome as a Markdown table, which is also what the terminal shows. */
export function tableOf({ columns, rows }: Pick<Part, 'columns' | 'rows'>): string {
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

/** Each of ours beside its target: reached or not. */
export function verdictsOf({ verdicts }: Outcome): string {
  return verdicts
    .filter(({ target }) => target !== undefined)
    .map(({ says, ours, target }) => {
      const subject = says === undefined ? '' : `${says}: `
      return `${subject}target ${inWords(target!)}: ${stateOf(ours, target!)} (${short(ours)})`
    })
    .join('\n')
}

export function stateOf(ours: number, target: Target): 'reached' | 'missed' {
  const holds = 'atMost' in target ? ours <= target.atMost : ours >= target.atLeast
  return holds ? 'reached' : 'missed'
}

export function inWords(target: Target): string {
  const [bound, number] =
    'atMost' in target ? ['at most', target.atMost] : ['at least', target.atLeast]
  return target.unit === 'ratio'
    ? `${bound} ${number} × the floor`
    : `${bound} ${number} ${target.unit}`
}

export function short(value: number): string {
  return String(Number(value.toPrecision(3)))
}
