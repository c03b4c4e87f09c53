import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { startWorker, type Worker } from '../../test/support/processes.js'
import { contenderNamed } from '../contenders/index.js'
import type { Ability } from './contender.js'
import type { Bench, Entrant } from './scenario.js'
import { LeftOut } from './servers.js'
import type { OpenTask, WorkerService } from './worker.js'

/** An entrant at work in its own process. */
export interface Member {
  readonly name: string
  readonly entrant: Entrant
  readonly isPeer: boolean
  readonly worker: Worker<WorkerService>
}

export function nameOf({ as, contender }: Entrant): string {
  return as ?? contender
}

/** What peers were asked in a quick run: once each is enough to see that the question is put right. */
const asked = new Set<string>()

/**
 * Entrants of a scenario that are there and can do what it asks for; who cannot be asked here is named.
 *
 * @throws {LeftOut} without the first, which is ours.
 */
export function present(
  entrants: readonly Entrant[],
  bench: Bench,
  needs: readonly Ability[] = [],
): Entrant[] {
  const { havePeers, isQuick, wanted, servers } = bench
  const there = entrants.filter((entrant) => {
    const { contender, place, tags = [] } = entrant
    const { can, isPeer } = contenderNamed(contender)
    const all: readonly Ability[] = [place, ...needs, ...(tags.length > 0 ? ['tags' as const] : [])]
    const isAble = all.every((ability) => can.includes(ability))
    if (!isAble || !wanted(nameOf(entrant)) || (isPeer && !havePeers)) return false
    const reason = servers.missing(place)
    if (reason === undefined) return !(isPeer && isQuick && wasAsked([contender, ...all]))
    if (entrant === entrants[0]) throw new LeftOut(reason)
    bench.leaveOut(nameOf(entrant), reason)
    return false
  })
  if (there.length === 0) throw new LeftOut('nobody of that name is asked here')
  return there
}

function wasAsked(what: readonly string[]): boolean {
  const name = what.join()
  return asked.size === asked.add(name).size
}

/** The same, and in a quick run ours and the floors alone: where each takes seconds to set up. */
export function focused(entrants: readonly Entrant[], bench: Bench): Entrant[] {
  return present(entrants, bench.isQuick ? { ...bench, havePeers: false } : bench)
}

/** Starts an entrant. Its keys are its own: several share a server, and some would share entries, those with tags and those without too. */
export async function hire(
  bench: Bench,
  entrant: Entrant,
  task: Pick<OpenTask, 'callers' | 'maxEntries' | 'loadMs'>,
  nodeArgs: readonly string[] = [],
): Promise<Member> {
  const { contender, place, tags = [] } = entrant
  const prefix = createHash('md5')
    .update([nameOf(entrant), ...tags].join())
    .digest('hex')
    .slice(0, 4)
  const worker = await startWorker<WorkerService>(new URL('./worker.ts', import.meta.url), {
    nodeArgs,
  })
  await worker.call.open(contender, {
    ...task,
    prefix,
    place: await bench.servers.place(place),
    tags,
  })
  const { isPeer } = contenderNamed(contender)
  return { name: nameOf(entrant), entrant, isPeer, worker }
}

/** Puts processes on the first core. False where that cannot be done. */
export function pin(pids: readonly number[], cores: string): boolean {
  try {
    for (const pid of pids) {
      execFileSync('taskset', ['-a', '-c', '-p', cores, String(pid)], { stdio: 'ignore' })
    }
    return true
  } catch {
    return false
  }
}
