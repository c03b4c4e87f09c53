import { execFileSync } from 'node:child_process'
import { cpus, loadavg, totalmem, type as system, release } from 'node:os'

/** What it ran on, one line each. */
export function describeMachine(): string[] {
  const cores = cpus()
  return [
    `${cores.length} × ${cores[0]?.model.trim() ?? 'unknown processor'}, ${(totalmem() / 2 ** 30).toFixed(0)} GB, ${system()} ${release()}, load ${loadavg()[0]!.toFixed(1)} at the beginning`,
    `Node ${process.versions.node} (V8 ${process.versions.v8})`,
    `Redis ${versionOf('redis-server', /v=(\S+)/)}, Memcached ${versionOf('memcached', /memcached (\S+)/)}`,
  ]
}

function versionOf(program: string, pattern: RegExp): string {
  try {
    return pattern.exec(execFileSync(program, ['--version'], { encoding: 'utf8' }))?.[1] ?? '?'
  } catch {
    return 'not installed'
  }
}
