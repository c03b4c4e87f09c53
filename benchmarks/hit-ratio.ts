/**
 * How many requests does the memory tier answer, for its size? And what does each policy cost?
 *
 *     node --import ./scripts/typescript.ts benchmarks/hit-ratio.ts [--assert] [--quick] [--json]
 *
 * Requests of recorded traffic (or of a generated mix, where `../shared/traces` is not there) go through the map behind
 * `memoryStore`, one size after the other: get, and set where it misses. Hits are exact and the same each time; costs are
 * those of this machine. `--assert` fails when a claim of the documentation does not hold, `--quick` takes the first
 * 150,000 requests of each trace, `--json` prints the numbers.
 */
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { measure } from './hit-ratio/cells.ts'
import { brokenClaims } from './hit-ratio/claims.ts'
import { report } from './hit-ratio/report.ts'
import { haveRecordedTraces } from './lib/traces.ts'

const { values: flags } = parseArgs({
  options: {
    assert: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
})

const measured = measure(flags.quick ? 150_000 : Infinity, (text) =>
  process.stderr.write(`${text}\n`),
)
if (flags.json) {
  process.stdout.write(`${JSON.stringify(measured, null, 2)}\n`)
} else {
  process.stdout.write(`${report(measured)}\n\n`)
  const requests = haveRecordedTraces() ? 'recorded traces' : 'generated requests'
  process.stdout.write(
    `Node ${process.version}, ${cpus()[0]?.model ?? 'unknown CPU'}, ${requests}.\n`,
  )
}
if (flags.assert) {
  const broken = brokenClaims(measured)
  for (const sentence of broken) process.stderr.write(`does not hold: ${sentence}\n`)
  process.exitCode = broken.length > 0 ? 1 : 0
}
