import { spawnSync } from 'node:child_process'
import { cpus, loadavg, totalmem, type as system, release } from 'node:os'

/** What it ran on, one line each. */
export function describeMachine(): string[] {
  const cores = cpus()
  return [
    `${cores.length} × ${cores[0]?.model.trim() ?? 'unknown processor'}, ${(totalmem() / 2 ** 30).toFixed(0)} GB, ${system()} ${release()}, load ${loadavg()[0]!.toFixed(1)} at the beginning`,
    `Node ${process.versions.node} (V8 ${process.versions.v8})`,
    [
      `Redis ${versionOf('redis-server', '--version', /v=(\S+)/)}`,
      `Memcached ${versionOf('memcached', '--version', /memcached (\S+)/)}`,
      `nginx ${versionOf('nginx', '-v', /nginx\/(\S+)/)}`,
      `Varnish ${versionOf('varnishd', '-V', /varnish-([\d.]+)/)}`,
      `wrk ${versionOf('wrk', '-v', /wrk (?:debian\/)?([\d.]+)/)}`,
    ].join(', '),
  ]
}

function versionOf(program: string, flag: string, pattern: RegExp): string {
  const { error, stdout, stderr } = spawnSync(program, [flag], { encoding: 'utf8' })
  if (error !== undefined) return 'not installed'
  return pattern.exec(stdout + stderr)?.[1] ?? '?'
}
