import { isDeepStrictEqual } from 'node:util'
import { FAITHFUL } from '../../test/store/values.js'
import { CANDIDATES, peerCodecs, type Candidate } from '../lib/codecs.js'
import { timesOfSteps } from '../lib/loops.js'
import type { Part, Scenario } from '../lib/scenario.js'
import { VALUES } from '../lib/values.js'

export const codec: Scenario = {
  kind: 'other',
  name: 'codec',
  byName: true,
  asks: 'What does the standard codec cost and keep, beside others?',
  async run({ isQuick, leaveOut }) {
    const candidates = [...CANDIDATES, ...peerCodecs(leaveOut)]
    const looking = isQuick ? { rounds: 1, roundMs: 1 } : { rounds: 12, roundMs: 10 }
    const measured = (steps: readonly (() => unknown)[]): Promise<string[]> =>
      timesOfSteps(steps, looking)
    const parts: Part[] = []
    for (const [title, value] of VALUES) {
      const encoded = candidates.map(({ encode }) => attempt(() => encode(value)))
      const encode = await measured(candidates.map((one) => () => attempt(() => one.encode(value))))
      const decode = await measured(
        candidates.map((one, at) => () => attempt(() => one.decode(encoded[at]!))),
      )
      parts.push({
        title: `Of ${title}`,
        columns: ['encode', 'decode', 'bytes', 'comes back the same'],
        rows: candidates.map((one, at) => ({
          name: one.name,
          cells: [encode[at]!, decode[at]!, String(encoded[at]?.length ?? ''), back(one, value)],
        })),
      })
    }
    const faithful = candidates.map((one) => {
      const results = FAITHFUL.map(([name, value]) => ({ name, result: back(one, value) }))
      return {
        name: one.name,
        of: (result: string) => results.filter((each) => each.result === result),
      }
    })
    parts.push({
      title: 'A few bytes that claim 30 million elements',
      columns: ['bytes', 'memory taken, MB', 'it says'],
      rows: candidates.map(claimed),
    })
    return {
      columns: ['the same', 'refused', 'something else', 'of these'],
      rows: faithful.map(({ name, of }) => {
        const wrong = of('no').map((each) => each.name)
        const some = wrong.slice(0, 4).join(', ') + (wrong.length > 4 ? ', …' : '')
        const counts = [of('yes').length, of('refused').length, wrong.length].map(String)
        return { name, cells: [...counts, some], plotted: undefined }
      }),
      plots: 'values',
      verdicts: [],
      claims: [
        {
          claim: 'the standard codec gives nothing back that is not what went in',
          holds: faithful[0]!.of('no').length === 0,
        },
      ],
      data: parts,
      notes: [
        'The first table: what comes back as it went in (`test/store/values.ts`), is refused, or comes back as something else.',
      ],
      parts,
    }
  },
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch {
    return undefined
  }
}

function back({ encode, decode }: Candidate, value: unknown): 'yes' | 'no' | 'refused' {
  try {
    return isDeepStrictEqual(decode(encode(value)), value) ? 'yes' : 'no'
  } catch {
    return 'refused'
  }
}

/** In each codec's own form, a list that is said to be long. */
const CLAIMS: Readonly<Record<string, string>> = {
  standard: '06000000197b2261223a5b227e62222c22427566666572222c39393939395d7d',
  JSON: '5b5d',
  v8: 'ff0f618090a10f40008090a10f',
  devalue: '5b5d',
  msgpackr: 'dd01c9c380',
  'cbor-x': '9a01c9c380',
  superjson: '7b7d',
}

function claimed({ name, decode }: Candidate): { name: string; cells: string[] } {
  const bytes = Buffer.from(CLAIMS[name] ?? '', 'hex')
  const before = process.memoryUsage().heapUsed
  let says = 'a value'
  let kept: unknown
  try {
    kept = decode(bytes)
  } catch (error) {
    says = error instanceof Error ? error.message.slice(0, 50) : String(error)
  }
  const taken = kept === bytes ? 0 : process.memoryUsage().heapUsed - before
  return { name, cells: [String(bytes.length), (Math.max(0, taken) / 1e6).toFixed(0), says] }
}
