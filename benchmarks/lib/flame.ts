/** A profile as V8 writes it: https://chromedevtools.github.io/devtools-protocol/tot/Profiler/#type-Profile */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number
    readonly callFrame: {
      readonly functionName: string
      readonly url: string
      readonly lineNumber: number
    }
    readonly hitCount?: number
    readonly children?: readonly number[]
  }[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

interface Frame {
  readonly label: string
  readonly self: number
  readonly total: number
  readonly children: readonly Frame[]
}

/** Share of the busy time that each function takes itself, the most first. */
export function selfTimes(profile: CpuProfile): { where: string; share: number }[] {
  const times = timesById(profile)
  const byPlace = new Map<string, number>()
  let sum = 0
  for (const node of profile.nodes) {
    const label = labelOf(node)
    const time = times.get(node.id) ?? 0
    // The beginning and the end of profiling itself.
    if (label === '(idle)' || label.includes('node:inspector')) continue
    sum += time
    byPlace.set(label, (byPlace.get(label) ?? 0) + time)
  }
  return [...byPlace]
    .map(([where, time]) => ({ where, share: time / sum }))
    .toSorted((a, b) => b.share - a.share)
}

const WIDTH = 1_200
const ROW = 17

/** Who calls whom, as an icicle: the width is time, a title on each frame tells the rest. */
export function flameGraph(profile: CpuProfile, title: string): string {
  const root = treeOf(profile)
  const boxes: string[] = []
  let depthMost = 0
  const draw = (frame: Frame, x: number, depth: number): void => {
    const width = (frame.total / root.total) * WIDTH
    if (width < 0.5) return
    depthMost = Math.max(depthMost, depth)
    const percent = ((100 * frame.total) / root.total).toFixed(1)
    const y = 30 + depth * ROW
    const text = frame.label.slice(0, Math.floor(width / 6.2))
    boxes.push(
      `<g><title>${escape(frame.label)} ${percent} %</title><rect x="${x.toFixed(1)}" y="${y}" width="${width.toFixed(1)}" height="${ROW - 1}" fill="${colourOf(frame.label)}"/>${width > 20 ? `<text x="${(x + 2).toFixed(1)}" y="${y + 12}">${escape(text)}</text>` : ''}</g>`,
    )
    let at = x
    for (const child of frame.children) {
      draw(child, at, depth + 1)
      at += (child.total / root.total) * WIDTH
    }
  }
  draw(root, 0, 0)
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${50 + depthMost * ROW}" font-family="ui-monospace, monospace" font-size="10">
<rect width="100%" height="100%" fill="#fff"/><text x="4" y="18" font-size="13">${escape(title)}</text>
${boxes.join('\n')}
</svg>
`
}

function treeOf(profile: CpuProfile): Frame {
  const times = timesById(profile)
  const byId = new Map(profile.nodes.map((node) => [node.id, node]))
  const build = (id: number): Frame => {
    const node = byId.get(id)!
    const children = (node.children ?? [])
      .map(build)
      .filter(({ label }) => label !== '(idle)' && !label.includes('node:inspector'))
    const self = times.get(id) ?? 0
    const total = children.reduce((sum, child) => sum + child.total, self)
    return {
      label: labelOf(node),
      self,
      total,
      children: children.toSorted((a, b) => b.total - a.total),
    }
  }
  return build(profile.nodes[0]!.id)
}

function timesById({ samples, timeDeltas }: CpuProfile): Map<number, number> {
  const times = new Map<number, number>()
  samples.forEach((id, n) => times.set(id, (times.get(id) ?? 0) + timeDeltas[n]!))
  return times
}

function labelOf({
  callFrame: { functionName, url, lineNumber },
}: CpuProfile['nodes'][number]): string {
  const name = functionName === '' ? '(anonymous)' : functionName
  if (url === '') return name
  const file = url
    .replace(/^.*node_modules\//, '')
    .replace(/^.*\/(src|adapters|benchmarks)\//, '$1/')
  return `${name} ${file}:${lineNumber + 1}`
}

function colourOf(label: string): string {
  if (/ (src|adapters)\//.test(label)) return '#7cc8a4'
  if (/ node:/.test(label)) return '#cdd5dc'
  if (label.startsWith('(garbage')) return '#f2a49b'
  return '#f4cf8d'
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
