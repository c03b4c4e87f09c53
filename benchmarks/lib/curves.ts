import { escape } from './plot.js'

/** One line of a plot. */
export interface Curve {
  readonly name: string
  readonly points: readonly (readonly [x: number, y: number])[]
}

/** Lines over a common axis. */
export interface Curves {
  /** What its file is called, without the end. */
  readonly file: string
  readonly title: string
  readonly x: string
  readonly y: string
  /** Which axes go by powers of ten. Default: both. */
  readonly logarithmic?: 'both' | 'x' | 'none'
  readonly curves: readonly Curve[]
}

const WIDTH = 640
const HEIGHT = 360
const LEFT = 76
const RIGHT = 190
const TOP = 52
const BOTTOM = 52
const COLOURS = ['#0a7f5a', '#9aa4ae', '#c2410c', '#3b6fb6', '#8a5fb0', '#b8860b', '#4d4d4d']

interface Scale {
  at(value: number): number
  readonly ticks: readonly number[]
}

/** Lines with marks, one colour each, named at the right. */
export function plotCurves({ title, x, y, logarithmic = 'both', curves }: Curves): string {
  const points = curves.flatMap((curve) => curve.points)
  const across = scaleOf(
    points.map(([value]) => value),
    logarithmic !== 'none',
    LEFT,
    WIDTH - RIGHT,
  )
  const up = scaleOf(
    points.map(([, value]) => value),
    logarithmic === 'both',
    HEIGHT - BOTTOM,
    TOP,
  )
  const grid = [
    ...across.ticks.map((tick) => {
      const at = across.at(tick).toFixed(1)
      return `<line x1="${at}" x2="${at}" y1="${TOP}" y2="${HEIGHT - BOTTOM}" stroke="#e5e8eb"/><text x="${at}" y="${HEIGHT - BOTTOM + 16}" text-anchor="middle">${inShort(tick)}</text>`
    }),
    ...up.ticks.map((tick) => {
      const at = up.at(tick).toFixed(1)
      return `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${at}" y2="${at}" stroke="#e5e8eb"/><text x="${LEFT - 6}" y="${Number(at) + 4}" text-anchor="end">${inShort(tick)}</text>`
    }),
  ]
  const lines = curves.map(({ name, points: own }, n) => {
    const colour = COLOURS[n % COLOURS.length]!
    const places = own.map(([a, b]) => `${across.at(a).toFixed(1)},${up.at(b).toFixed(1)}`)
    const marks = places.map((place) => {
      const [cx, cy] = place.split(',')
      return `<circle cx="${cx}" cy="${cy}" r="2.5" fill="${colour}"/>`
    })
    const y = TOP + 12 + n * 18
    return [
      `<polyline points="${places.join(' ')}" fill="none" stroke="${colour}" stroke-width="1.8"/>`,
      ...marks,
      `<rect x="${WIDTH - RIGHT + 14}" y="${y - 9}" width="12" height="4" fill="${colour}"/><text x="${WIDTH - RIGHT + 32}" y="${y - 3}">${escape(name)}</text>`,
    ].join('')
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" font-family="system-ui, sans-serif" font-size="12" role="img" aria-label="${escape(title)}">
<rect width="100%" height="100%" fill="#fff"/>
<text x="10" y="20" font-size="14" font-weight="600">${escape(title)}</text>
<text x="10" y="40" fill="#57606a">${escape(y)}</text>
<text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 12}" text-anchor="middle" fill="#57606a">${escape(x)}</text>
${grid.join('\n')}
${lines.join('\n')}
</svg>
`
}

function scaleOf(values: readonly number[], isLog: boolean, from: number, to: number): Scale {
  const known = values.filter((value) => Number.isFinite(value) && (!isLog || value > 0))
  if (!isLog) {
    const step = niceStep(Math.max(...known) / 5)
    const count = Math.max(1, Math.ceil(Math.max(...known) / step))
    return {
      at: (value) => from + ((to - from) * value) / (count * step),
      ticks: Array.from({ length: count + 1 }, (_, n) => n * step),
    }
  }
  const least = Math.floor(Math.log10(Math.min(...known)) + 1e-9)
  const most = Math.max(least + 1, Math.ceil(Math.log10(Math.max(...known)) - 1e-9))
  return {
    at: (value) => from + ((to - from) * (Math.log10(value) - least)) / (most - least),
    ticks: Array.from({ length: most - least + 1 }, (_, n) => 10 ** (least + n)),
  }
}

/** The next of 1, 2, 5, 10, 20, ... */
function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least || 1))
  return ([1, 2, 5, 10].find((factor) => factor * power >= least) ?? 10) * power
}

function inShort(value: number): string {
  if (value >= 1e6) return `${Number((value / 1e6).toPrecision(3))}M`
  if (value >= 1e3) return `${Number((value / 1e3).toPrecision(3))}k`
  return String(Number(value.toPrecision(3)))
}
