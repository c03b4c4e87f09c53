import type { Outcome } from './scenario.js'

const LEFT = 190
const BAR = 360
const STEP = 26
const TOP = 58

/** Bars, one for each row, ours in colour; logarithmic where the longest is more than ten times the shortest. */
export function plotOf(title: string, { rows, plots, verdicts }: Outcome): string {
  const shown = rows.filter(({ plotted }) => plotted !== undefined && plotted > 0)
  const values = shown.map(({ plotted }) => plotted!)
  const [{ target }] = verdicts.length === 1 ? verdicts : [{ target: undefined }]
  const aim = target !== undefined && 'atMost' in target ? target.atMost : undefined
  const most = Math.max(...values, aim ?? 0)
  const least = Math.min(...values)
  const isLog = most / least > 10
  const base = least / 2
  const width = (value: number): number =>
    BAR * (isLog ? Math.log(value / base) / Math.log(most / base) : value / most)
  const bars = shown.map(({ name, plotted }, n) => {
    const y = TOP + n * STEP
    const length = width(plotted!).toFixed(1)
    const colour = name.startsWith('keepfresh') ? '#0a7f5a' : '#9aa4ae'
    return [
      `<text x="${LEFT - 8}" y="${y + 14}" text-anchor="end">${escape(name)}</text>`,
      `<rect x="${LEFT}" y="${y}" width="${length}" height="18" fill="${colour}"/>`,
      `<text x="${LEFT + Number(length) + 6}" y="${y + 14}">${Number(plotted!.toPrecision(3))}</text>`,
    ].join('')
  })
  const height = TOP + shown.length * STEP + 12
  const mark =
    aim === undefined
      ? ''
      : `<line x1="${LEFT + width(aim)}" x2="${LEFT + width(aim)}" y1="${TOP - 6}" y2="${height - 12}" stroke="#c2410c" stroke-dasharray="4 3"/>`
  const scale = `${plots}${isLog ? ' (logarithmic)' : ''}${aim === undefined ? '' : '; dashed: the target'}`
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${LEFT + BAR + 70}" height="${height}" font-family="system-ui, sans-serif" font-size="12" role="img" aria-label="${escape(title)}">
<rect width="100%" height="100%" fill="#fff"/>
<text x="10" y="20" font-size="14" font-weight="600">${escape(title)}</text>
<text x="10" y="40" fill="#57606a">${escape(scale)}</text>
${bars.join('\n')}
${mark}
</svg>
`
}

export function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
