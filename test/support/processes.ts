/**
 * Other processes of the application under test.
 *
 * A worker file exports nothing; it calls `serve` with the functions the test may call, and runs in a Node process of its own from the source
 * as it stands. Like servers it can be killed and paused, and is gone when the test process is gone.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { scratchDirectory } from './scratch.js'
import { supervise } from './supervise.js'

/** The functions that a worker serves; arguments and results travel by structured clone. */
export type Service = Record<string, (...args: never[]) => unknown>

type Answered<S extends Service> = {
  readonly [Name in keyof S]: (
    ...args: Parameters<S[Name]>
  ) => Promise<Awaited<ReturnType<S[Name]>>>
}

/** A process that runs one worker file. */
export interface Worker<S extends Service> extends AsyncDisposable {
  readonly pid: number
  readonly running: boolean
  /** The worker's functions. A call rejects with what the function threw, or when the process is gone. */
  readonly call: Answered<S>
  /** What the process has printed so far. */
  log(): string
  /** Ends it as a crash would (SIGKILL), and waits until it is gone. */
  kill(): Promise<void>
  /** Sends a signal and does not wait. */
  signal(signal: NodeJS.Signals): void
  pause(): void
  resume(): void
  /** Closes the channel to it and waits: a worker that holds nothing open ends by itself. Rejects after `deadlineMs` (default: 5,000). */
  leave(deadlineMs?: number): Promise<void>
}

interface Request {
  readonly id: number
  readonly name: string
  readonly args: readonly unknown[]
}
type Answer = { readonly id: number } & ({ readonly value: unknown } | { readonly error: unknown })

const HOOK = fileURLToPath(new URL('../../scripts/typescript.ts', import.meta.url))

/** Starts the worker at `file` (`new URL('./worker.ts', import.meta.url)`) and waits until it serves. */
export async function startWorker<S extends Service>(
  file: URL,
  options: {
    readonly env?: Readonly<Record<string, string>>
    readonly nodeArgs?: readonly string[]
  } = {},
): Promise<Worker<S>> {
  const directory = scratchDirectory('worker')
  const logFile = join(directory, 'log')
  const log = () => readFileSync(logFile, 'utf8')
  const args = ['--import', HOOK, ...(options.nodeArgs ?? []), fileURLToPath(file)]
  const { env = {} } = options
  const child = await supervise(process.execPath, args, {
    log: logFile,
    cwd: directory,
    env,
    ipc: true,
  })
  const waiting = new Map<number, PromiseWithResolvers<unknown>>()
  const serving = Promise.withResolvers<void>()
  child.shell.on('message', (message: Answer | 'serving') => {
    if (message === 'serving') return serving.resolve()
    const call = waiting.get(message.id)
    waiting.delete(message.id)
    if ('error' in message) call?.reject(message.error)
    else call?.resolve(message.value)
  })
  void child.exited.then(() => {
    const gone = new Error(`the worker is gone; its log ends with:\n${log().slice(-2_000)}`)
    for (const call of waiting.values()) call.reject(gone)
    waiting.clear()
    serving.reject(gone)
  })
  await serving.promise
  let lastId = 0
  const send = (name: string, callArgs: readonly unknown[]) => {
    const call = Promise.withResolvers<unknown>()
    if (!child.running) call.reject(new Error('the worker is gone'))
    const request: Request = { id: ++lastId, name, args: callArgs }
    waiting.set(request.id, call)
    child.shell.send(request, (error) => error && call.reject(error))
    return call.promise
  }
  const kill = async () => {
    child.signal('SIGKILL', 'tree')
    await child.exited
  }
  return {
    pid: child.pid,
    get running() {
      return child.running
    },
    call: new Proxy({} as Answered<S>, {
      get: (_, name) =>
        name === 'then' ? undefined : (...rest: unknown[]) => send(String(name), rest),
    }),
    log,
    kill,
    signal: (signal) => child.signal(signal),
    pause: () => child.signal('SIGSTOP'),
    resume: () => child.signal('SIGCONT'),
    async leave(deadlineMs = 5_000) {
      child.shell.disconnect()
      const late = Promise.withResolvers<never>()
      const timer = setTimeout(
        () => late.reject(new Error(`the worker did not end by itself:\n${log()}`)),
        deadlineMs,
      )
      await Promise.race([child.exited, late.promise]).finally(() => clearTimeout(timer))
    },
    [Symbol.asyncDispose]: kill,
  }
}

/** In a worker: answers the calls of the test. The process lives until the test lets go of it, kills it, or ends. */
export function serve(service: Service): void {
  process.on('message', (request: Request) => void answer(service, request))
  process.send?.('serving')
}

async function answer(service: Service, { id, name, args }: Request): Promise<void> {
  const reply = (message: Answer) => process.connected && process.send?.(message)
  try {
    const called = service[name] as ((...args: readonly unknown[]) => unknown) | undefined
    if (!called) throw new Error(`the worker does not serve ${name}`)
    reply({ id, value: await called(...args) })
  } catch (error) {
    reply({ id, error })
  }
}
