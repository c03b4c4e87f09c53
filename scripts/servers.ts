/**
 * `pretest`: sees to the servers that tests start.
 *
 * What is missing is installed from Debian's packages where that is possible; else one line says what to install. Only the programs are wanted:
 * tests start their own servers, so none is started or enabled as a service.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

interface Requirement {
  /** Its name in PATH. */
  readonly program: string
  readonly packages: readonly string[]
  /** Where else it may be. */
  readonly elsewhere?: string
  /** Wanted only while a test mentions this. */
  readonly usedBy?: string
  /** Services that its packages enable. */
  readonly services?: readonly string[]
}

const REQUIREMENTS: readonly Requirement[] = [
  { program: 'redis-server', packages: ['redis-server'], services: ['redis-server'] },
  { program: 'memcached', packages: ['memcached'], services: ['memcached'] },
  // memcached asks for passwords through this library, which Debian only recommends.
  {
    program: 'libplain.so',
    packages: ['libsasl2-modules'],
    elsewhere: '/usr/lib/*/sasl2/libplain.so*',
  },
  {
    program: 'postgres',
    packages: ['postgresql'],
    elsewhere: '/usr/lib/postgresql/*/bin/postgres',
    services: ['postgresql'],
  },
  { program: 'mariadbd', packages: ['mariadb-server-core', 'mariadb-client-core'] },
  { program: 'chromium', packages: ['chromium'], usedBy: 'playwright-core' },
  { program: 'nginx', packages: ['nginx-light'], usedBy: 'startNginx', services: ['nginx'] },
]

// Debian starts a server when it is installed, unless policy-rc.d says no (invoke-rc.d(8)): ours is there for the installation only.
const INSTALL = `
services=$1; shift
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  trap 'exit 130' INT TERM HUP
  printf '#!/bin/sh\\nexit 101\\n' >"$policy" && chmod 755 "$policy"
fi
apt-get update -q || echo 'apt-get update failed; trying with the lists at hand'
apt-get install -qy --no-install-recommends "$@" || exit
if [ -d /run/systemd/system ]; then
  for service in $services; do systemctl disable --quiet "$service"; done
fi
`

const missing = REQUIREMENTS.filter((each) => isWanted(each) && !isInstalled(each))
if (missing.length > 0) {
  const packages = missing.flatMap((each) => each.packages)
  if (process.getuid?.() === 0 && isOnPath('apt-get')) install(packages)
  else fail(packages)
}

function install(packages: readonly string[]): void {
  process.stdout.write(`Installing what tests need: ${packages.join(' ')}\n`)
  const services = missing.flatMap((each) => each.services ?? [])
  const done = spawnSync('sh', ['-c', INSTALL, 'sh', services.join(' '), ...packages], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  })
  const left = missing.filter((each) => !isInstalled(each))
  if (left.length === 0) return
  process.stderr.write(`${done.stdout}${done.stderr}`.slice(-4_000))
  fail(left.flatMap((each) => each.packages))
}

function fail(packages: readonly string[]): never {
  process.stderr.write(
    `Tests need these installed: ${packages.join(' ')} (on Debian: sudo apt-get install ${packages.join(' ')})\n`,
  )
  process.exit(1)
}

function isWanted({ usedBy }: Requirement): boolean {
  if (!usedBy) return true
  const tests = globSync('test/**/*.{ts,tsx}', { cwd: join(import.meta.dirname, '..') })
  return tests.some((file) =>
    readFileSync(join(import.meta.dirname, '..', file), 'utf8').includes(usedBy),
  )
}

function isInstalled({ program, elsewhere }: Requirement): boolean {
  return isOnPath(program) || (elsewhere !== undefined && globSync(elsewhere).length > 0)
}

function isOnPath(program: string): boolean {
  const places = [...(process.env.PATH ?? '').split(':'), '/usr/sbin']
  return places.some((place) => existsSync(join(place, program)))
}
