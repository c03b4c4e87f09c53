import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { CONTENDERS } from '../contenders/index.js'
import { WEB_CONTENDERS } from '../web/contenders/index.js'

const FOLDER = fileURLToPath(new URL('../peers/', import.meta.url))

/**
 * Installs the libraries to compare with, as the lock file beside them says, when they are not there. They have a folder of
 * their own because they disagree with what keepfresh depends on. False, and a line that says why, when that fails.
 */
export function installPeers(log: (line: string) => void): boolean {
  if (existsSync(`${FOLDER}node_modules/.package-lock.json`)) return true
  log('installing the libraries to compare with (npm ci in benchmarks/peers)')
  const done = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts'], {
    cwd: FOLDER,
    encoding: 'utf8',
  })
  if (done.status === 0) return true
  log(`they are left out, npm ci failed: ${(done.stderr || String(done.error)).slice(-500)}`)
  return false
}

/** Name and version of every library that takes part. */
export function versions(havePeers: boolean): Record<string, string> {
  const found: Record<string, string> = {}
  const applications = WEB_CONTENDERS.filter((contender) => contender.kind === 'application')
  for (const { packages, isPeer } of [...CONTENDERS, ...applications]) {
    if (isPeer && !havePeers) continue
    const from = isPeer ? FOLDER : fileURLToPath(new URL('../../', import.meta.url))
    for (const name of packages) found[name] = versionOf(name, from)
  }
  return found
}

/** Not every package exports its package.json. */
function versionOf(name: string, from: string): string {
  for (const folder of createRequire(`${from}package.json`).resolve.paths(name) ?? []) {
    const file = `${folder}/${name}/package.json`
    if (existsSync(file))
      return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
  }
  return 'not found'
}
