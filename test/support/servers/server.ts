import { readFileSync, rmSync } from 'node:fs'
import { chown, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { scratchDirectory } from '../scratch.js'
import { supervise, type Supervised } from '../supervise.js'
import { freePort, isFree } from './ports.js'

/** A real server on a loopback port, with a directory of its own; gone when the process that started it is gone. */
export interface Server extends AsyncDisposable {
  readonly host: '127.0.0.1'
  /** The same for the server's whole life, restarts included. */
  readonly port: number
  readonly url: string
  /** Process id of the present process: another one after `restart`. */
  readonly pid: number
  readonly running: boolean
  /** Where its data and its log are. */
  readonly directory: string
  /** What it has printed so far. */
  log(): string
  /** Ends it as an administrator would, and waits until it is gone. Its data stays for a `restart`. */
  stop(): Promise<void>
  /** Ends it as a crash would (SIGKILL), and waits until it is gone. Its data stays for a `restart`. */
  kill(): Promise<void>
  /** Freezes it (SIGSTOP): connections stay open, new ones are accepted by the kernel, and nothing answers. */
  pause(): void
  /** Ends a `pause`. */
  resume(): void
  /** Starts it on the same port, stopping it first where it runs; waits until it answers. */
  restart(options?: RestartOptions): Promise<void>
}

export interface RestartOptions {
  /** Whether what the server had written to its directory is there again. Default: `'keep'`. */
  readonly data?: 'keep' | 'empty'
}

/** What a kind of server needs to run. */
export interface ServerKind {
  readonly name: string
  /** Fills an empty data directory. */
  prepare?(place: Place): Promise<void>
  command(place: Place): Command
  /** Rejects while the server does not answer yet. */
  ready(port: number): Promise<unknown>
  url(port: number): string
  /** Port to try first. Default: any free one. */
  readonly port?: number | undefined
  /** What `stop` sends. Default: SIGTERM. */
  readonly stopSignal?: NodeJS.Signals
  /** Whether it has to end by itself, since it leaves things outside its directory otherwise. Default: no, it is killed when no longer needed. */
  readonly endsPolitely?: boolean
  readonly user?: { readonly uid: number; readonly gid: number } | undefined
}

export interface Place {
  /** Directory for data: exists, may be written by the server's user. */
  readonly data: string
  /** Directory around it, which also has the log. */
  readonly directory: string
  readonly port: number
}

export interface Command {
  readonly file: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

const START_DEADLINE_MS = 45_000
const STOP_DEADLINE_MS = 10_000
const POLL_MS = 20

/** Starts a server and waits until it answers. */
export async function startServer(kind: ServerKind): Promise<Server> {
  const directory = scratchDirectory(kind.name)
  for (let tries = 1; ; tries++) {
    const place = {
      directory,
      data: join(directory, 'data'),
      port: kind.port ?? (await freePort()),
    }
    try {
      await makeData(kind, place)
      return serverOf(kind, place, await run(kind, place))
    } catch (error) {
      // Another process may have taken the port since we looked.
      const portTaken = /address already in use|EADDRINUSE/i.test(String(error))
      if (!portTaken || kind.port !== undefined || tries === 5) throw error
    }
  }
}

function serverOf(kind: ServerKind, place: Place, first: Supervised): Server {
  let current = first
  let paused = false
  const end = async (signal: NodeJS.Signals) => {
    if (paused) server.resume()
    current.signal(signal, signal === 'SIGKILL' ? 'tree' : undefined)
    const gone = current.exited.then(() => true)
    if (await Promise.race([gone, sleep(STOP_DEADLINE_MS, false, { ref: false })])) return
    current.signal('SIGKILL', 'tree')
    await gone
  }
  const server: Server = {
    host: '127.0.0.1',
    port: place.port,
    url: kind.url(place.port),
    directory: place.directory,
    get pid() {
      return current.pid
    },
    get running() {
      return current.running
    },
    log: () => readLog(place),
    stop: () => end(kind.stopSignal ?? 'SIGTERM'),
    async kill() {
      current.signal('SIGKILL', 'tree')
      paused = false
      await current.exited
    },
    pause() {
      paused = true
      current.signal('SIGSTOP', 'tree')
    },
    resume() {
      paused = false
      current.signal('SIGCONT', 'tree')
    },
    async restart({ data = 'keep' } = {}) {
      await server.stop()
      if (data === 'empty') await makeData(kind, place)
      current = await run(kind, place)
    },
    async [Symbol.asyncDispose]() {
      await (kind.endsPolitely ? server.stop() : server.kill())
      rmSync(place.directory, { recursive: true, force: true, maxRetries: 10 })
    },
  }
  return server
}

async function makeData(kind: ServerKind, place: Place): Promise<void> {
  rmSync(place.data, { recursive: true, force: true, maxRetries: 10 })
  await mkdir(place.data, { mode: 0o700 })
  if (kind.user) {
    await chown(place.data, kind.user.uid, kind.user.gid)
  }
  await kind.prepare?.(place)
}

async function run(kind: ServerKind, place: Place): Promise<Supervised> {
  // Whoever listens there already would answer for the server that cannot.
  if (!(await isFree(place.port))) throw new Error(`port ${place.port}: address already in use`)
  const { file, args, env } = kind.command(place)
  const started = await supervise(file, args, {
    log: logFile(place),
    cwd: place.data,
    user: kind.user,
    ...(env && { env }),
  })
  try {
    await untilReady(kind, place, started)
    return started
  } catch (error) {
    started.signal('SIGKILL', 'tree')
    await started.exited
    throw error
  }
}

async function untilReady(kind: ServerKind, place: Place, started: Supervised): Promise<void> {
  const until = performance.now() + START_DEADLINE_MS
  for (let last: unknown; ;) {
    if (!started.running) throw failure(kind, place, 'ended while starting', last)
    try {
      await kind.ready(place.port)
      return
    } catch (error) {
      last = error
    }
    if (performance.now() > until) throw failure(kind, place, 'does not answer', last)
    await sleep(POLL_MS)
  }
}

function failure(kind: ServerKind, place: Place, what: string, cause: unknown): Error {
  const tail = readLog(place).trimEnd().split('\n').slice(-15).join('\n')
  return new Error(`${kind.name} on port ${place.port} ${what}; its log ends with:\n${tail}`, {
    cause,
  })
}

const logFile = (place: Place): string => join(place.directory, 'log')

function readLog(place: Place): string {
  try {
    return readFileSync(logFile(place), 'utf8')
  } catch {
    return ''
  }
}
