import { type Deferred, deferred } from '../support/deferred.js'
import { until } from '../support/until.js'
import type { Handler, Site } from './site.js'

/**
 * Two visitors ask together, and the response to each says that the page varies on a field more than anybody knew: `x-b` or `x-c`,
 * beside `x-a`. What one of them teaches must not be lost to what the other does.
 */
export function twoFindOut(): {
  readonly handler: Handler
  /** The `Cache-Status` of three visitors behind the two, told apart by both fields only. */
  readonly behind: (sites: readonly [Site, Site], atOnce: boolean) => Promise<readonly string[]>
} {
  const found: Readonly<Record<string, string>> = { first: 'x-b', second: 'x-c' }
  const gates: Readonly<Record<string, Deferred<void>>> = { first: deferred(), second: deferred() }
  let runs = 0
  const handler: Handler = async ({ headers }) => {
    runs++
    const who = String(headers['x-a'])
    await gates[who]?.promise
    const vary = who in found ? `x-a, ${found[who]}` : 'x-a'
    return { body: 'page', headers: { vary } }
  }
  const behind = async ([a, b]: readonly [Site, Site], atOnce: boolean): Promise<string[]> => {
    await a.get('/', { 'x-a': 'nobody' })
    const asked = [a.get('/', { 'x-a': 'first' }), b.get('/', { 'x-a': 'second' })]
    await until('both run', () => runs === 3)
    for (const [at, gate] of Object.values(gates).entries()) {
      gate.resolve()
      if (!atOnce) await asked[at]
    }
    await Promise.all(asked)
    const states: string[] = []
    for (const [site, own] of [
      [a, { 'x-b': '1', 'x-c': '1' }],
      [b, { 'x-b': '1', 'x-c': '2' }],
      [a, { 'x-b': '2', 'x-c': '1' }],
    ] as const) {
      const { headers } = await site.get('/', { 'x-a': 'another', ...own })
      states.push(String(headers['cache-status']))
    }
    return states
  }
  return { handler, behind }
}
