/** A Redis and a Memcached of the demo's own, on free loopback ports, gone when the demo is gone. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { promisify } from 'node:util'

/** Where a server answers, or why there is none. */
export type Found =
  { readonly address: string; stop(): Promise<void> } | { readonly missing: string }

/** The server that `REDIS_URL` names, else one started here. */
export function findRedis(): Promise<Found> {
  const given = process.env['REDIS_URL']
  if (given) return Promise.resolve({ address: given, stop: async () => {} })
  const args =
    '--bind 127.0.0.1 --save  --appendonly no --maxmemory 256mb --maxmemory-policy allkeys-lru'
  return start('redis-server', 'redis://', (port, directory) => [
    ...args.split(' '),
    '--port',
    port,
    '--dir',
    directory,
  ])
}

/** The servers that `MEMCACHED_SERVERS` names, else one started here. */
export function findMemcached(): Promise<Found> {
  const given = process.env['MEMCACHED_SERVERS']
  if (given) return Promise.resolve({ address: given, stop: async () => {} })
  const user = process.getuid?.() === 0 ? ['-u', 'nobody'] : []
  return start('memcached', '', (port) => ['-p', port, '-l', '127.0.0.1', '-m', '256', ...user])
}

/** Runs a program until its input ends: when this process is gone, however it went, so is the server. */
const UNTIL_INPUT_ENDS = '"$0" "$@" </dev/null >/dev/null 2>&1 & cat >/dev/null; kill $!; wait'

async function start(
  program: string,
  scheme: string,
  args: (port: string, directory: string) => string[],
): Promise<Found> {
  const installed = await promisify(execFile)('sh', ['-c', 'command -v "$0"', program]).then(
    () => true,
    () => false,
  )
  if (!installed) return { missing: `${program} is not installed` }

  const port = await freePort()
  const directory = await mkdtemp(join(tmpdir(), 'keepfresh-demo-'))
  const server = spawn('sh', ['-c', UNTIL_INPUT_ENDS, program, ...args(String(port), directory)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    // Ctrl-C reaches the whole group of a terminal; the demo ends its servers in its own order.
    detached: true,
  })
  const stop = () => end(server, directory)
  if (await answers(port)) return { address: `${scheme}127.0.0.1:${port}`, stop }
  await stop()
  return { missing: `${program} did not start on 127.0.0.1:${port}` }
}

async function end(server: ChildProcess, directory: string): Promise<void> {
  if (server.exitCode === null) {
    const ended = once(server, 'exit')
    server.stdin?.end()
    await ended
  }
  await rm(directory, { recursive: true, force: true })
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  if (address === null || typeof address === 'string') throw new Error('no port was given')
  return address.port
}

/** Whether a port accepts connections within five seconds. */
async function answers(port: number): Promise<boolean> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const socket = connect(port, '127.0.0.1')
    try {
      await once(socket, 'connect')
      return true
    } catch {
      await wait(50)
    } finally {
      socket.destroy()
    }
  }
  return false
}
