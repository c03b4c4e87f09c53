import { cpus } from 'node:os'
import { hire, pin, present, type Member } from './crew.js'
import type { Bench, Claim, Outcome, Row, TimedScenario } from './scenario.js'
import { commandsDuring } from './servers.js'
import { inBrackets, spreadOf, type Spread } from './statistics.js'
import type { Answers, Sample, Work } from './worker.js'

/** How long a round is to take, ms: short, so that few rounds meet somebody else's work on the same core. */
const ROUND_MS = 20
const ROUNDS = 31
const WARM_UP = 5
/** Before that, keys read by each: V8 goes on compiling for thousands of calls, on threads whose time is the process's. */
const WARM_UP_KEYS = 12_000

interface Result {
  readonly member: Member
  readonly ns: Spread
  readonly cpuNs: Spread
  /** To the floor, round by round. */
  readonly ratio: Spread
  readonly cpuRatio: Spread
  readonly answers: Answers
  readonly commands: number | undefined
}

/** Asks everybody in turns and compares each round with the floor's of the same turn. */
export async function runTimed(scenario: TimedScenario, bench: Bench): Promise<Outcome> {
  const { callers, keys, batch = 1, needs = batch > 1 ? ['many'] : [] } = scenario
  const { isCold = false, maxEntries = 2 * keys } = scenario
  const work: Work = { keys, callers, batch, isCold }
  const members: Member[] = []
  try {
    const entrants = present(scenario.entrants, bench, needs)
    const usesRedis = entrants.some(({ place }) => /redis|tiers/.test(place))
    const redis = usesRedis ? await bench.servers.redis() : undefined
    await redis?.command('FLUSHALL')
    const task = { callers, maxEntries }
    members.push(...(await Promise.all(entrants.map((entrant) => hire(bench, entrant, task)))))
    for (const { worker } of members) await worker.call.fill(keys)
    const pids = members.map(({ worker }) => worker.pid)
    const isPinned = (scenario.pinned ?? false) && (await pinAll(scenario, bench, pids, '0'))
    const checks = new Map<Member, { answers: Answers; commands: number | undefined }>()
    for (const member of members) {
      await member.worker.call.check(work)
      let answers!: Answers
      const check = async (): Promise<void> => {
        answers = await member.worker.call.check(work)
      }
      const commands = redis && (await commandsDuring(redis, check)).total
      if (redis === undefined) await check()
      checks.set(member, { answers, commands })
    }
    const samples = await takeTurns(members, work, bench)
    if (isPinned) await pinAll(scenario, bench, [], `0-${cpus().length - 1}`)
    const floor = members.find(({ name }) => name === scenario.floor) ?? members[0]!
    const against = (mine: readonly Sample[], of: 'ns' | 'cpuNs'): Spread =>
      spreadOf(mine.map((sample, n) => sample[of] / samples.get(floor)![n]![of]))
    const results = members.map((member): Result => {
      const mine = samples.get(member)!
      return {
        member,
        ns: spreadOf(mine.map(({ ns }) => ns)),
        cpuNs: spreadOf(mine.map(({ cpuNs }) => cpuNs)),
        ratio: against(mine, 'ns'),
        cpuRatio: against(mine, 'cpuNs'),
        ...checks.get(member)!,
      }
    })
    return outcomeOf(scenario, results)
  } finally {
    for (const { worker } of members) await worker.call.close().catch(() => {})
    await Promise.all(members.map(({ worker }) => worker.kill()))
  }
}

async function pinAll(
  { entrants }: TimedScenario,
  { servers }: Bench,
  pids: readonly number[],
  cores: string,
): Promise<boolean> {
  const places = new Set(entrants.map(({ place }) => place))
  const all = [...pids]
  if (places.has('redis') || places.has('tiers')) all.push((await servers.redis()).pid)
  if (places.has('memcached')) all.push((await servers.memcached()).pid)
  return pin(all, cores)
}

async function takeTurns(
  members: readonly Member[],
  work: Work,
  { isQuick }: Bench,
): Promise<Map<Member, Sample[]>> {
  const samples = new Map<Member, Sample[]>(members.map((member) => [member, []]))
  const operations = new Map<Member, number>()
  for (const member of members) {
    operations.set(member, isQuick ? work.callers : await calibrate(member, work))
  }
  const rounds = isQuick ? 1 : ROUNDS
  for (let round = isQuick ? 0 : -WARM_UP; round < rounds; round++) {
    // Who follows whom changes from round to round.
    const from = Math.abs(round) % members.length
    for (const member of [...members.slice(from), ...members.slice(0, from)]) {
      const sample = await member.worker.call.round(work, operations.get(member)!)
      if (round >= 0) samples.get(member)!.push(sample)
    }
  }
  return samples
}

/** How many operations fill a round, once the code is warm. */
async function calibrate({ worker }: Member, work: Work): Promise<number> {
  await worker.call.round(work, Math.ceil(WARM_UP_KEYS / work.batch))
  let operations = 2 * work.callers
  for (;;) {
    const { ns } = await worker.call.round(work, operations)
    const ms = (ns * operations) / 1e6
    if (ms >= ROUND_MS) return Math.max(work.callers, Math.round((operations * ROUND_MS) / ms))
    operations *= 2
  }
}

function outcomeOf(scenario: TimedScenario, results: readonly Result[]): Outcome {
  const ours = results[0]!
  const rows = results.map((result): Row => {
    const { ns, cpuNs, ratio, cpuRatio, commands } = result
    return {
      name: result.member.name,
      cells: [
        time(ns.median),
        inBrackets(ratio),
        time(cpuNs.median),
        inBrackets(cpuRatio),
        ...(results.some((one) => one.commands !== undefined) ? [String(commands ?? '')] : []),
      ],
      plotted: scenario.isComputing === true ? cpuRatio.median : ratio.median,
    }
  })
  const counted = results.some(({ commands }) => commands !== undefined)
  return {
    columns: [
      scenario.batch === undefined ? 'per read' : `per call of ${scenario.batch}`,
      `to ${scenario.floor}`,
      'CPU',
      'CPU, to floor',
      ...(counted ? [`commands for ${ours.answers.asked} reads`] : []),
    ],
    rows,
    plots: `${scenario.isComputing === true ? 'CPU time' : 'time'}, as a multiple of ${scenario.floor}`,
    verdicts: [
      {
        ours: scenario.isComputing === true ? ours.cpuRatio.median : ours.ratio.median,
        target: scenario.target,
      },
    ],
    claims: claimsOf(scenario, results),
    data: results.map(({ member, ...numbers }) => ({ name: member.name, ...numbers })),
  }
}

function claimsOf(
  { commandsAtMost, isCold = false }: TimedScenario,
  results: readonly Result[],
): Claim[] {
  const claims = results.flatMap(({ member: { name }, answers }): Claim[] => [
    {
      claim: `${name} gives the ${answers.asked} right answers`,
      holds: answers.wrong === 0 && answers.asked > 0,
    },
    isCold
      ? { claim: `${name} loads each once`, holds: answers.loads === answers.asked }
      : { claim: `${name} answers them without a load`, holds: answers.loads === 0 },
  ])
  const { commands } = results[0]!
  if (commandsAtMost !== undefined && commands !== undefined) {
    claims.push({
      claim: `keepfresh asks with at most ${commandsAtMost} commands (${commands})`,
      holds: commands <= commandsAtMost,
    })
  }
  return claims
}

/** Nanoseconds as a person reads them. */
export function time(ns: number): string {
  if (ns < 1_000) return `${ns.toFixed(0)} ns`
  if (ns < 1e6) return `${(ns / 1e3).toPrecision(3)} µs`
  return `${(ns / 1e6).toPrecision(3)} ms`
}
