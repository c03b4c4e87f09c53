/** Every program in the README and the documentation compiles, prints what the page says, and ends by itself. */
import { execFile } from 'node:child_process'
import {
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  freePort,
  type MariadbServer,
  type MemcachedServer,
  type PostgresServer,
  type RedisServer,
  startMariadb,
  startMemcached,
  startPostgres,
  startRedis,
} from '../support/servers/index.js'
import { matches, programsIn } from './programs.js'

const root = join(import.meta.dirname, '../..')
const pages = ['README.md', ...globSync('docs/**/*.md', { cwd: root }).toSorted()].map((name) => {
  const text = readFileSync(join(root, name), 'utf8')
  return { name, text, programs: programsIn(text) }
})
const uses = (text: string) =>
  pages.some(({ programs }) => programs.some(({ code }) => code.includes(text)))

const LONG = { timeout: 60_000 }

/** The addresses that pages use, and the servers that stand in for them. */
const ADDRESSES = {
  redis: 'redis://localhost:6379',
  memcached: 'localhost:11211',
  postgres: 'postgres://localhost/shop',
  mariadb: 'mysql://localhost/shop',
} as const

let redis: RedisServer | undefined
let memcached: MemcachedServer | undefined
let postgres: PostgresServer | undefined
let mariadb: MariadbServer | undefined
let directory: string

beforeAll(async () => {
  mkdirSync(join(root, '.tmp'), { recursive: true })
  directory = mkdtempSync(join(root, '.tmp/docs-'))
  if (uses(ADDRESSES.redis)) redis = await startRedis()
  if (uses(ADDRESSES.memcached)) memcached = await startMemcached()
  if (uses(ADDRESSES.postgres)) postgres = await startPostgres()
  if (uses(ADDRESSES.mariadb)) mariadb = await startMariadb()
})
afterAll(async () => {
  rmSync(directory, { recursive: true, force: true })
  for (const server of [redis, memcached, postgres, mariadb]) await server?.stop()
})

describe.each(pages.filter(({ programs }) => programs.length > 0))(
  '$name',
  ({ name, programs }) => {
    test.each(programs)('line $line prints what it says', LONG, async ({ line, code, prints }) => {
      const file = write(name, line, await withServers(code))
      const { stdout, stderr } = await run(file)
      expect(matches(prints, stdout) ? prints : stdout + stderr).toBe(prints)
      expect(stderr).toBe('')
    })
  },
)

test.each(pages)('the links of $name lead somewhere', ({ name, text }) => {
  const links = [...text.matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)]
  const broken = links.filter(([, path = '', heading]) => {
    const file = path === '' ? join(root, name) : join(root, dirname(name), path)
    if (!existsSync(file)) return true
    return heading !== undefined && !headings(readFileSync(file, 'utf8')).includes(heading)
  })
  expect(broken.map(([link]) => link)).toEqual([])
})

test('docs/README.md leads to every page', () => {
  const index = readFileSync(join(root, 'docs/README.md'), 'utf8')
  const names = globSync('**/*.md', { cwd: join(root, 'docs') }).filter(
    (name) => name !== 'README.md',
  )
  expect(names.filter((name) => !index.includes(`](${name})`))).toEqual([])
})

test('every program compiles as strictly as the source', LONG, async () => {
  const files = pages.flatMap(({ name, programs }) =>
    programs.map(({ line, code }) => write(`types/${name}`, line, code)),
  )
  const config = { extends: join(root, 'tsconfig.json'), include: [], files }
  const project = join(directory, 'tsconfig.json')
  writeFileSync(project, JSON.stringify(config))
  const tsc = join(root, 'node_modules/.bin/tsc')
  const problems = await promisify(execFile)(tsc, ['-p', project, '--pretty', 'false']).then(
    () => '',
    (error: { readonly stdout: string }) => error.stdout,
  )
  expect(problems).toBe('')
})

/** What GitHub calls the headings of a page. */
function headings(page: string): string[] {
  return [...page.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\s-]/g, '')
      .replaceAll(' ', '-'),
  )
}

function write(page: string, line: number, code: string): string {
  const file = join(directory, `${page.replaceAll('/', '-')}-line-${line}.ts`)
  writeFileSync(file, `${code}\nexport {}\n`)
  return file
}

/** A program with the servers of this test, empty, and a free port instead of 3000. */
async function withServers(code: string): Promise<string> {
  if (code.includes(ADDRESSES.redis)) await redis?.command('FLUSHALL')
  if (code.includes(ADDRESSES.memcached)) await memcached?.command('flush_all')
  const port = code.includes('3000') ? await freePort() : 3000
  return code
    .replaceAll(ADDRESSES.redis, redis?.url ?? '')
    .replaceAll(ADDRESSES.memcached, memcached ? `127.0.0.1:${memcached.port}` : '')
    .replaceAll(ADDRESSES.postgres, postgres?.url ?? '')
    .replaceAll(ADDRESSES.mariadb, mariadb?.url ?? '')
    .replaceAll(/\b3000\b/g, String(port))
}

/** Runs a program to its end, which it has to find within half a minute. */
async function run(file: string): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const hook = join(root, 'scripts/typescript.ts')
  const args = ['--import', hook, file]
  return promisify(execFile)(process.execPath, args, { cwd: directory, timeout: 30_000 }).catch(
    (error: Error & { stdout: string; stderr: string; killed: boolean }) => ({
      stdout: error.stdout,
      stderr: error.killed ? `${error.stderr}\nIt did not end by itself.` : error.stderr,
    }),
  )
}
