/**
 * The programs in a page of documentation. Their form is described in `docs/README.md`: every ```` ```ts ```` block
 * runs, a block marked `continued` goes on where the one before it ended, a ```` ```text ```` block after it is what it
 * prints, and HTML comments that begin with `before` or `after` hold what has to run but need not be read.
 */

/** One or more blocks that run as one module. */
export interface Program {
  /** Line of the page on which its first block begins. */
  readonly line: number
  readonly code: string
  /** What it prints. `…` stands for anything within a line. */
  readonly prints: string
}

interface Piece {
  readonly kind: 'block' | 'prints' | 'before' | 'after'
  readonly continued: boolean
  readonly line: number
  readonly text: string
}

const FENCE_OR_COMMENT =
  /^(?<fence>```+)(?<info>[^\n`]*)\n(?<body>[\s\S]*?)^\k<fence>[ \t]*$|^<!-- (?<when>before|after)\n(?<hidden>[\s\S]*?)^-->$/gm

/** The programs of a page, in its order. */
export function programsIn(page: string): Program[] {
  const programs: { line: number; code: string; prints: string }[] = []
  let before = ''
  let waiting: { line: number; code: string; prints: string } | undefined
  for (const { kind, continued, line, text } of piecesOf(page)) {
    if (kind === 'before') before += text
    else if (kind === 'block' && continued) {
      if (!waiting) throw new Error(`line ${line}: nothing is there to be continued`)
      waiting.code += before + text
      before = ''
    } else if (kind === 'block') {
      waiting = { line, code: before + text, prints: '' }
      before = ''
      programs.push(waiting)
    } else if (waiting && kind === 'after') waiting.code += text
    else if (waiting) waiting.prints += text
  }
  return programs
}

function piecesOf(page: string): Piece[] {
  return [...page.matchAll(FENCE_OR_COMMENT)].flatMap(({ index, groups = {} }): Piece[] => {
    const line = page.slice(0, index).split('\n').length
    const { info = '', body = '', when, hidden = '' } = groups
    if (when) return [{ kind: when as 'before' | 'after', continued: false, line, text: hidden }]
    const [language, ...marks] = info.trim().split(/\s+/)
    if (language === 'text') return [{ kind: 'prints', continued: false, line, text: body }]
    if (language !== 'ts' || marks.includes('sketch')) return []
    return [{ kind: 'block', continued: marks.includes('continued'), line, text: body }]
  })
}

/** Whether what a program printed is what the page says it prints. */
export function matches(said: string, printed: string): boolean {
  const lines = (text: string) =>
    text
      .trimEnd()
      .split('\n')
      .map((line) => line.trimEnd())
  const [expected, actual] = [lines(said), lines(printed)]
  return (
    expected.length === actual.length &&
    expected.every((line, index) => pattern(line).test(actual[index] ?? ''))
  )
}

/** A line in which `…` stands for anything. */
function pattern(line: string): RegExp {
  const parts = line
    .split('…')
    .map((part) => part.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`))
  return new RegExp(`^${parts.join('.*')}$`)
}
