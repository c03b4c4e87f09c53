import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

test('node runs TypeScript that imports the package by name, from the source, without a build', async () => {
  const args = ['--import', here('../../scripts/typescript.ts'), here('./fixtures/by-name.ts')]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  const source = new URL('../../adapters/memory/index.ts', import.meta.url)
  expect(stdout).toBe(`42 ${source.href}\n`)
})
