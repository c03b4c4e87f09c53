import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import type { Tally } from '../../scripts/reporter.js'
import { scratchDirectory } from '../support/scratch.js'

const VITEST = join(import.meta.dirname, '../../node_modules/vitest/vitest.mjs')
const fixtures = join(import.meta.dirname, 'fixtures')

async function runFixtures(
  ...args: string[]
): Promise<{ said: string; code: number; tally: Tally }> {
  const file = join(scratchDirectory('tally'), 'tally.json')
  const env = { ...process.env, KEEPFRESH_TALLY: file }
  const config = join(fixtures, 'vitest.config.ts')
  const command = [VITEST, 'run', '--config', config, ...args]
  const outcome = await promisify(execFile)(process.execPath, command, { env }).then(
    ({ stdout }) => ({ said: stdout, code: 0 }),
    (error: { stdout: string; code: number }) => ({ said: error.stdout, code: error.code }),
  )
  return { ...outcome, tally: JSON.parse(readFileSync(file, 'utf8')) as Tally }
}

test('counts what passed, what failed in and outside of tests, and says why tests were skipped', async () => {
  const { said, code, tally } = await runFixtures()
  expect(code).toBe(1)
  expect(tally).toEqual({
    passed: 3,
    failed: 3,
    failures: [
      {
        name: 'failing.fixture.ts > fails',
        reason: expect.stringMatching(
          /^expected 1 to be 2 .*\n- Expected\n\+ Received\n- 2\n\+ 1\nat .*failing\.fixture\.ts:3$/,
        ),
      },
      {
        name: 'unloadable.fixture.ts',
        reason: expect.stringMatching(
          /^this file cannot be loaded\nat .*unloadable\.fixture\.ts:1$/,
        ),
      },
      { name: 'outside of the tests', reason: expect.stringMatching(/^nobody catches this\nat /) },
    ],
    skipped: [
      { name: 'reasoned.fixture.ts > cannot run here', reason: 'no such machine' },
      { name: 'silent.fixture.ts > is left out without a word' },
    ],
  })
  expect(said).toContain('skipped: reasoned.fixture.ts > cannot run here: no such machine\n')
})

test('a skip with a reason is fine, and so is what -t leaves out', async () => {
  expect(await runFixtures('reasoned')).toMatchObject({ code: 0, tally: { passed: 1 } })
  expect(await runFixtures('silent', '-t', 'passes')).toMatchObject({
    code: 0,
    tally: { passed: 1 },
  })
})

test('a skip without a reason fails the run', async () => {
  expect(await runFixtures('silent')).toMatchObject({ code: 1, tally: { passed: 1, failed: 0 } })
})
