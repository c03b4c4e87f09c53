/** `npm run demo` as a newcomer sees it, but for the time it takes to measure. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readFileSync, readdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { scratchDirectory } from '../support/scratch.js'
import { until } from '../support/until.js'

const root = join(import.meta.dirname, '../..')
const started: ChildProcess[] = []

interface Demo {
  readonly pid: number
  readonly ended: Promise<number | null>
  printed(): string
}

function startDemo(args: readonly string[], env: Readonly<Record<string, string>> = {}): Demo {
  const hook = join(root, 'scripts/typescript.ts')
  const demo = ['--import', hook, 'examples/flights/demo.ts', '--quick', ...args]
  const child = spawn(process.execPath, demo, {
    cwd: root,
    env: { ...process.env, NODE_ENV: '', ...env },
    detached: true, // a group of its own, as a command in a terminal has
  })
  started.push(child)
  let printed = ''
  child.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (printed += chunk.toString()))
  const ended = Promise.withResolvers<number | null>()
  child.on('exit', (code) => ended.resolve(code))
  return { pid: child.pid ?? 0, ended: ended.promise, printed: () => printed }
}

/** What a terminal does: the signal is for all of the command's group. */
const pressCtrlC = ({ pid }: Demo) => process.kill(-pid, 'SIGINT')

/** What a process has started, and what that has started. */
function descendants(pid: number): number[] {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean),
  )
  return children.map(Number).flatMap((child) => [child, ...descendants(child)])
}

afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL')
})

test('says what it left out and why, and ends after the table', async () => {
  const programs = scratchDirectory('path')
  symlinkSync('/bin/sh', join(programs, 'sh'))
  const demo = startDemo(['--once'], { PATH: programs, REDIS_URL: '', MEMCACHED_SERVERS: '' })

  expect(await demo.ended, demo.printed()).toBe(0)
  expect(demo.printed()).toMatch(/requests\/s +p50 +p99 +db queries\/s +hit ratio\n/)
  expect(demo.printed()).toMatch(/^no cache +[\d,]+ +[\d.]+ ms +[\d.]+ ms +[\d,]+ +–$/m)
  expect(demo.printed()).toMatch(/^memory +[\d,]+ +[\d.]+ ms +[\d.]+ ms +[\d,]+ +[\d.]+%$/m)
  expect(demo.printed()).toContain('Left out: Redis: redis-server is not installed')
  expect(demo.printed()).toContain('Left out: Memcached: memcached is not installed')
  expect(demo.printed()).not.toContain('The board is up')
  expect(demo.printed()).not.toContain('Error')
})

test('measures each store, shows a change, and stays up until Ctrl-C, which leaves nothing behind', async () => {
  const demo = startDemo([], { PORT: '0', REDIS_URL: '', MEMCACHED_SERVERS: '' })
  await until('the board is up', () => demo.printed().includes('The board is up: '), {
    deadlineMs: 110_000,
  })

  for (const setup of ['memory', 'Memcached', 'Redis', 'memory + Redis'])
    expect(demo.printed()).toContain(`\n${setup} `)
  expect(demo.printed()).not.toContain('failed')
  expect(demo.printed()).toMatch(/before .* \(hit, [\d.]+ ms\)\n/)
  expect(demo.printed()).toMatch(/after .* Delayed \d\d:\d\d .*\(miss, [\d.]+ ms\)\n/)
  expect(demo.printed()).not.toMatch(/bug|Error/)
  const [, url = ''] = /The board is up: (\S+)/.exec(demo.printed()) ?? []
  expect(await (await fetch(url)).text()).toContain('Busiest airports')

  const servers = descendants(demo.pid)
  expect(servers).not.toEqual([])
  pressCtrlC(demo)
  expect(await demo.ended, demo.printed()).toBe(0)
  expect(servers.filter((pid) => existsSync(`/proc/${pid}`))).toEqual([])
})

test('Ctrl-C in the middle of a measurement leaves nothing behind either', async () => {
  const temporary = scratchDirectory('temporary')
  const demo = startDemo([], { REDIS_URL: '', MEMCACHED_SERVERS: '', TMPDIR: temporary })
  await until('it measures', () => demo.printed().includes('Measuring memory'), {
    deadlineMs: 110_000,
  })
  expect(readdirSync(temporary)).not.toEqual([])
  const children = descendants(demo.pid)
  pressCtrlC(demo)

  expect(await demo.ended, demo.printed()).toBe(0)
  expect(demo.printed()).toMatch(/\nEnded\.\n$/)
  await until('what it started is gone', () => children.every((pid) => !existsSync(`/proc/${pid}`)))
  expect(readdirSync(temporary)).toEqual([])
})
