import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const HOOK = fileURLToPath(new URL('../../scripts/typescript.ts', import.meta.url))
const RUNNER = fileURLToPath(new URL('./fixtures/runner.ts', import.meta.url))

interface Started {
  readonly runner: number
  readonly servers: readonly number[]
  readonly directories: readonly string[]
}

test.each(['SIGKILL', 'SIGINT', 'SIGTERM'] as const)(
  'nothing is left of its servers when a runner ends by %s',
  async (signal) => {
    const { started, ended } = await startRunner('stay')
    for (const pid of started.servers) expect(isAlive(pid)).toBe(true)
    process.kill(started.runner, signal)
    await ended
    await expect.poll(() => leftOf(started)).toEqual([])
  },
)

test.each(['throw', 'exit'])('nothing is left when a runner ends by %s', async (way) => {
  const { started, ended } = await startRunner(way)
  await ended
  await expect.poll(() => leftOf(started)).toEqual([])
})

async function startRunner(way: string): Promise<{ started: Started; ended: Promise<unknown> }> {
  const runner = spawn(process.execPath, ['--import', HOOK, RUNNER, way], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = once(runner, 'exit')
  let errors = ''
  runner.stderr.on('data', (chunk) => (errors += String(chunk)))
  let text = ''
  for await (const chunk of runner.stdout) {
    text += String(chunk)
    if (text.endsWith('\n')) break
  }
  if (!text) throw new Error(`the runner said nothing but ${errors}`)
  return { started: JSON.parse(text) as Started, ended }
}

function leftOf({ servers, directories }: Started): unknown[] {
  return [...servers.filter(isAlive), ...directories.filter((each) => existsSync(each))]
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
