import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { startRedis } from '../support/servers/index.js'

const root = fileURLToPath(new URL('../../', import.meta.url))

const PROGRAM = `
  import { createCache } from 'keepfresh'
  import { redisStore } from 'keepfresh/redis'
  const cache = createCache({ tiers: [redisStore(process.argv[1])] })
  const receipt = await cache.invalidateTags('t')
  console.log(receipt.pending)
  await receipt.delivered
  console.log('delivered')
  await cache.close()
  console.log('closed')
`

it('keeps a process alive that waits for a delivery, and lets it go when the cache is closed', async () => {
  await using server = await startRedis()
  await server.kill()
  const child = spawn(
    process.execPath,
    ['--import', './scripts/typescript.ts', '--input-type=module', '--eval', PROGRAM, server.url],
    { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] },
  )
  let printed = ''
  child.stdout.on('data', (chunk: Buffer) => {
    printed += chunk.toString()
    if (printed === 'true\n') void server.restart()
  })
  const [code] = (await once(child, 'close')) as [number | null]
  expect(printed).toBe('true\ndelivered\nclosed\n')
  expect(code).toBe(0)
})
