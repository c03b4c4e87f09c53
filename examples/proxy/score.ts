/** `npx node examples/proxy/score.ts <folder of cache-tests> <results.json>`: how many of the public HTTP cache tests were passed. */
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

interface Test {
  readonly id: string
  readonly name: string
  /** `check` has no right answer. Default: `required`. */
  readonly kind?: 'required' | 'optimal' | 'check'
  readonly depends_on?: readonly string[]
}

const [folder = '.', file = 'results.json'] = process.argv.slice(2)
const index = pathToFileURL(resolve(join(folder, 'tests/index.mjs'))).href
const { default: suites } = (await import(index)) as {
  default: readonly { readonly tests: readonly Test[] }[]
}
/** `true`, or what went wrong. */
const results = JSON.parse(readFileSync(file, 'utf8')) as Record<string, true | readonly string[]>
const tests = new Map(suites.flatMap((suite) => suite.tests.map((test) => [test.id, test])))

/** A test says nothing where one that it rests on was not passed. */
function isMeant({ depends_on: needed = [] }: Test): boolean {
  return needed.every((id) => results[id] === true && isMeant(tests.get(id)!))
}

for (const kind of ['required', 'optimal'] as const) {
  const asked = [...tests.values()].filter(
    (test) => (test.kind ?? 'required') === kind && test.id in results && isMeant(test),
  )
  const failed = asked.filter(({ id }) => results[id] !== true)
  console.log(`${kind}: ${asked.length - failed.length} of ${asked.length}`)
  for (const { id, name } of failed) console.log(`  ${id}: ${name} (${String(results[id])})`)
}
