/**
 * Processes that cannot outlive whoever started them.
 *
 * A test runner can end in ways that run no clean-up code: SIGKILL, an out-of-memory kill, a crash. So each process a test starts is run by a small
 * shell that holds the reading end of a pipe from us. When we are gone, however we went, the kernel closes our end; the shell reads the end of
 * the file and kills what it runs. A detached session keeps a Ctrl-C in the terminal from reaching servers before their tests are done with them.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import type { Readable } from 'node:stream'

// fd 0: the pipe from us, 3: where the process id is told. A background command of a shell reads /dev/null, hence the copy of fd 0 as fd 9.
const SUPERVISOR = `
exec 9<&0
"$@" </dev/null 3>&- 9<&- &
server=$!
echo "$server" >&3
exec 3>&-
( read -r _ <&9
  children=$(cat /proc/"$server"/task/*/children 2>/dev/null)
  kill -KILL "$server" $children ) >/dev/null 2>&1 &
watcher=$!
wait "$server"
status=$?
kill -KILL "$watcher"
exit "$status"
`

/** A process that is killed when this one ends. */
export interface Supervised {
  readonly pid: number
  /** The shell in between: its IPC channel, when asked for, leads to the process. */
  readonly shell: ChildProcess
  /** Fulfilled once the process is gone; never rejects. */
  readonly exited: Promise<void>
  readonly running: boolean
  /** Sends a signal to the process, and to its children where `tree` is given. A process that is gone is left alone. */
  signal(signal: NodeJS.Signals, scope?: 'tree'): void
}

export interface SuperviseOptions {
  /** File that receives what the process prints; appended to. */
  readonly log: string
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
  readonly user?: { readonly uid: number; readonly gid: number } | undefined
  /** Whether to give the process an IPC channel, as `child_process.fork` does. Default: no. */
  readonly ipc?: boolean
}

/** Starts `command` so that it is killed when this process ends, whatever ends it. */
export async function supervise(
  command: string,
  args: readonly string[],
  options: SuperviseOptions,
): Promise<Supervised> {
  const log = openSync(options.log, 'a')
  const shell = spawn('sh', ['-c', SUPERVISOR, 'sh', command, ...args], {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    serialization: 'advanced',
    detached: true,
    stdio: ['pipe', log, log, 'pipe', ...(options.ipc ? (['ipc'] as const) : [])],
    ...options.user,
  })
  closeSync(log)
  let running = true
  const exited = new Promise<void>((resolve) => {
    const end = () => {
      running = false
      resolve()
    }
    shell.once('exit', end).once('error', end)
  })
  shell.stdin?.on('error', () => {})
  const pid = await readPid(shell)
  // Nobody has to wait for us to leave: the pipe closes by itself when this process ends.
  shell.unref()
  ;(shell.stdin as unknown as { unref(): void }).unref()
  return {
    pid,
    shell,
    exited,
    get running() {
      return running
    },
    signal(signal, scope) {
      if (!running) return
      const pids = scope === 'tree' ? [pid, ...childrenOf(pid)] : [pid]
      for (const each of pids) sendSignal(each, signal)
    },
  }
}

async function readPid(shell: ChildProcess): Promise<number> {
  const pipe = shell.stdio[3] as Readable | null
  const failed = new Promise<never>((_, reject) => shell.once('error', reject))
  const told = (async () => {
    let text = ''
    for await (const chunk of pipe ?? []) text += String(chunk)
    return Number(text)
  })()
  return Promise.race([told, failed])
}

function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
      .split(' ')
      .filter(Boolean)
      .map(Number)
  } catch {
    return []
  }
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
