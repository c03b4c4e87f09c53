import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

interface LockedPackage {
  readonly resolved?: string
  readonly gypfile?: boolean
  readonly hasInstallScript?: boolean
}

const { packages } = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../package-lock.json'), 'utf8'),
) as { readonly packages: Readonly<Record<string, LockedPackage>> }

test('npm ci fetches from the registry that is set, and names no other', () => {
  expect(Object.keys(packages).length).toBeGreaterThan(100)
  expect(Object.entries(packages).filter(([, locked]) => locked.resolved !== undefined)).toEqual([])
})

test('npm ci compiles nothing, so it needs no compiler', () => {
  // better-sqlite3 brings what is compiled, and says so by "gypfile": false. npm does not write that into a lock file, and
  // without it runs node-gyp for the package: after `npm install` it has to be put there again.
  expect(packages['node_modules/better-sqlite3']?.gypfile).toBe(false)
  const scripted = Object.entries(packages).filter(([, { hasInstallScript }]) => hasInstallScript)
  expect(scripted.map(([name]) => name)).toEqual(['node_modules/node'])
})
