/** `npm run exports`: writes `exports` of package.json as the folders of the source say. */
import { readFileSync, writeFileSync } from 'node:fs'
import { expectedExports } from './subpaths.ts'

const root = new URL('../', import.meta.url)
const file = new URL('package.json', root)
const before = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>
const after: Record<string, unknown> = {}
for (const [name, value] of Object.entries(before)) {
  if (name !== 'exports') after[name] = value
  if (name === 'type') after.exports = expectedExports(root)
}
writeFileSync(file, `${JSON.stringify(after, null, 2)}\n`)
