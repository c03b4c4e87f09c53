import { readFileSync } from 'node:fs'
import { format } from 'node:util'
import { runInThisContext } from 'node:vm'
import { expect, test } from 'vitest'
import * as http from '../../src/http/index.js'

const text = readFileSync(new URL('../../docs/http.md', import.meta.url), 'utf8')
const examples = [...text.matchAll(/```js\n(.*?)```\n\n```text\n(.*?)```/gs)].map(
  ([, code = '', printed = '']) => ({ code, printed }),
)

test('the documentation has examples', () => {
  expect(examples.length).toBeGreaterThan(15)
  expect(examples).toHaveLength(text.split('```js').length - 1)
})

test.each(examples)('prints what the documentation says: %#', ({ code, printed }) => {
  const lines: string[] = []
  const body = code.replace(/^import (\{[^}]*\}) from 'keepfresh\/http'$/m, 'const $1 = http')
  const run = runInThisContext(`(http, console) => {${body}}`) as (
    library: typeof http,
    output: { log: (...values: unknown[]) => void },
  ) => void
  run(http, { log: (...values) => lines.push(format(...values)) })
  expect(`${lines.join('\n')}\n`).toBe(printed)
})
