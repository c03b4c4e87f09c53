import { spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { pin } from '../lib/crew.js'
import { familyOf } from './cpu.js'

/** The servers' core, and the cores of their visitors; undefined where there is but one, or no `taskset`. */
const CORES: { readonly servers: string; readonly visitors: string } | undefined =
  availableParallelism() > 1 && spawnSync('taskset', ['-V']).error === undefined
    ? { servers: '0', visitors: `1-${availableParallelism() - 1}` }
    : undefined

/**
 * Puts servers, with the processes they have started, on one core: each has as much of the machine as another, and its time does
 * not depend on what the visitors do to its caches. Does nothing where that is not possible.
 */
export function pinServers(pids: readonly number[]): void {
  if (CORES !== undefined) pin(pids.flatMap(familyOf), CORES.servers)
}

/** A command, run where the servers are not. */
export function besideServers(
  file: string,
  args: readonly string[],
): { readonly file: string; readonly args: readonly string[] } {
  return CORES === undefined
    ? { file, args }
    : { file: 'taskset', args: ['-c', CORES.visitors, file, ...args] }
}
