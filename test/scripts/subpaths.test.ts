import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
import { expectedExports } from '../../scripts/subpaths.js'
import { scratchDirectory } from '../support/scratch.js'

const root = new URL('../../', import.meta.url)

test('every user-facing folder is a subpath, and the reverse (npm run exports)', () => {
  expect(manifest.exports).toEqual(expectedExports(root))
})

test('a folder is a subpath when it has an index and is for users', () => {
  const directory = scratchDirectory('source')
  for (const folder of ['adapters/redis', 'adapters/empty', 'src/query', 'src/cache']) {
    mkdirSync(join(directory, folder), { recursive: true })
    if (!folder.endsWith('empty')) writeFileSync(join(directory, folder, 'index.ts'), '')
  }
  const found = expectedExports(pathToFileURL(`${directory}/`))
  expect(Object.keys(found)).toEqual(['.', './query', './redis', './package.json'])
  expect(found['./redis']).toEqual({
    types: './dist/adapters/redis/index.d.ts',
    default: './dist/adapters/redis/index.js',
  })
})
