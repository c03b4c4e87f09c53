import type { Answers } from './answers.js'
import type { Commits } from './commits.js'
import { changesOf, type Plan } from './plan.js'
import { mayBeHalfDone, mayCommitBySelf } from './implicit.js'
import type { Plans } from './plans.js'
import { Session, changes } from './session.js'
import type { Analysis, Dialect } from './sql/index.js'
import { isEmpty, merge, noPending, Transaction, type Pending } from './transaction.js'
import type {
  Commit,
  CommitOutcome,
  ConnectionOptions,
  Execute,
  Query,
  QueryConnection,
} from './types.js'

/** What connections share. */
export interface ConnectionHost {
  readonly dialect: Dialect
  readonly plans: Plans
  readonly answers: Answers
  readonly commits: Commits
  /** Transactions that were prepared here and may be committed on any connection. */
  readonly prepared: Map<string, Pending>
  /** Told of a statement whose effects are not known. */
  unknown(sql: string, detail: string): void
  /** Loads the catalogue behind the statement, where that is due: its connection must not be waited for with another. */
  refresh(plan: Plan): void
}

/** How a statement ended. */
type Ending =
  | { readonly answer: unknown }
  | { readonly error: unknown }
  /** Nobody saw. */
  | { readonly unseen: true; readonly failed: boolean }

/**
 * What is known of one connection. Statements are sent in the order they are given, as the client would; those that have to wait for
 * something first (a step before a COMMIT, a read through the cache) hold up the ones behind them.
 */
export class Connection implements QueryConnection {
  readonly #host: ConnectionHost
  readonly #options: ConnectionOptions
  readonly #session: Session
  readonly #transaction: Transaction
  /** What the next statement waits for. */
  #tail: Promise<unknown> | undefined
  /** Statements under way that may change the session or the transaction. */
  #unsettled = 0
  /** All statements under way. */
  #underWay = 0
  /** Those that may write, until what they wrote is invalidated. */
  #writing = 0
  #drained: PromiseWithResolvers<void> | undefined

  constructor(host: ConnectionHost, options: ConnectionOptions) {
    this.#host = host
    this.#options = options
    this.#session = new Session(options.told)
    this.#transaction = new Transaction(host.dialect)
  }

  get plain(): boolean {
    return !this.#session.changed && !this.inTransaction
  }

  get inTransaction(): boolean {
    return (
      this.#transaction.active || this.#unsettled > 0 || this.#options.inTransaction?.() === true
    )
  }

  get moved(): boolean {
    return this.#session.moved || this.#unsettled > 0
  }

  get busy(): Promise<unknown> | undefined {
    return this.#tail
  }

  run<T>(query: Query, execute: Execute<T>): Promise<T> {
    return this.#tail === undefined
      ? this.#start(query, execute)
      : this.#tail.then(() => this.run(query, execute))
  }

  #start<T>(query: Query, execute: Execute<T>): Promise<T> {
    const { answers, plans } = this.#host
    const mayLoad = (): boolean => this.#mayLoad(query)
    if (mayLoad()) {
      const hit = answers.atHand(query)
      if (hit !== undefined) return hit as Promise<T>
    }
    const plan = this.#meant(plans.of(query), query)
    this.#host.refresh(plan)
    const { kind } = plan.analysis
    if (kind === 'read' || query.tables !== undefined) {
      const judged = answers.judge(plan, query)
      if ('key' in judged && mayLoad())
        return this.#hold(answers.read(judged, query, execute, mayLoad))
      answers.refused(
        query,
        'key' in judged
          ? {
              why: this.#session.changed && !this.inTransaction ? 'changed-session' : 'transaction',
              detail: 'the state of the connection',
            }
          : judged,
      )
    }
    return this.#pass(plan, query, execute)
  }

  /** What a text does in the session as it is. */
  #meant(plan: Plan, query: Query): Plan {
    return this.#session.moved ? this.#host.plans.moved(plan, query) : plan
  }

  /** A load needs a connection as new, or a caller who names what it is like; never a transaction. */
  #mayLoad({ cache }: Query): boolean {
    // A server that executes in order shows a read what was written by a statement that was sent before it.
    if (this.inTransaction || this.#writing > 0) return false
    return !this.#session.changed || (cache !== false && cache?.scope !== undefined)
  }

  #hold<T>(promise: Promise<T>): Promise<T> {
    const settled = promise.then(
      () => {},
      () => {},
    )
    const tail = this.#tail === undefined ? settled : Promise.all([this.#tail, settled])
    this.#tail = tail
    void tail.then(() => {
      if (this.#tail === tail) this.#tail = undefined
    })
    return promise
  }

  /** Sends a statement that is not answered from the cache, and does what follows from it. */
  #pass<T>(plan: Plan, query: Query, execute: Execute<T>): Promise<T> {
    const { answers, commits } = this.#host
    const { kind } = plan.analysis
    const noted =
      kind === 'read' || kind === 'lock'
        ? answers.depend(plan, query, this.inTransaction)
        : undefined
    const mayCommit = commits.guarded && this.#mayCommit(plan, query)
    if (noted === undefined && !mayCommit) return this.#send(plan, query, execute, undefined)
    const ready = (async (): Promise<Commit | undefined> => {
      await noted
      if (!mayCommit) return undefined
      // What a COMMIT makes permanent is only known when all before it is done.
      while (this.#underWay > 0) await (this.#drained ??= Promise.withResolvers<void>()).promise
      const pending = this.#aboutToCommit(plan, query)
      if (isEmpty(pending)) return undefined
      const commit = commits.commit(pending, this)
      await commits.before(commit)
      return commit
    })()
    return this.#hold(ready).then((commit) => this.#send(plan, query, execute, commit))
  }

  #mayCommit(plan: Plan, query: Query): boolean {
    const { step } = plan.analysis
    if (step !== undefined) return step.action !== 'begin' && step.action !== 'savepoint'
    if (this.#transaction.active && mayCommitBySelf(this.#host.dialect, plan.analysis)) return true
    return !isEmpty(this.#effectsOf(plan, query))
  }

  /** What will be permanent when a statement has succeeded. */
  #aboutToCommit(plan: Plan, query: Query): Pending {
    const { step, parts } = plan.analysis
    const { active } = this.#transaction
    const { action, name } = step ?? {}
    if (action === 'commit' || action === 'prepare') return this.#transaction.pending
    if (action === 'release') {
      return this.#host.dialect === 'sqlite' && active ? this.#transaction.pending : noPending()
    }
    if (action === 'commit-prepared') return this.#prepared(name, plan)
    if (step !== undefined) return noPending()
    const pending = noPending()
    const commits = mayCommitBySelf(this.#host.dialect, plan.analysis)
    if (commits || parts.length > 0) merge(pending, this.#transaction.pending)
    if (!active || commits || parts.length > 0 || this.#isLasting(plan))
      merge(pending, this.#effectsOf(plan, query))
    return pending
  }

  async #send<T>(
    plan: Plan,
    query: Query,
    execute: Execute<T>,
    commit: Commit | undefined,
  ): Promise<T> {
    const end = this.#enter(plan, query, commit)
    let answer: T
    try {
      answer = await execute({ purpose: 'pass', from: 'any', alone: () => {} })
    } catch (error) {
      await end({ error })
      throw error
    }
    await end({ answer })
    return answer
  }

  begin(sql: string | undefined): (failed?: boolean) => Promise<void> {
    const query: Query = { sql: sql ?? '' }
    const plan = sql === undefined ? undefined : this.#host.plans.of(query)
    const end = this.#enter(plan, query, undefined)
    return (failed = false) => end({ unseen: true, failed })
  }

  /** A statement is under way; what is returned is told how it ended, in the order of the statements. */
  #enter(
    plan: Plan | undefined,
    query: Query,
    commit: Commit | undefined,
  ): (ending: Ending) => Promise<void> {
    const unsettling = plan === undefined || this.#unsettles(plan, query)
    const writing = plan === undefined || mayWrite(plan)
    this.#underWay++
    if (unsettling) this.#unsettled++
    if (writing) this.#writing++
    return async (ending) => {
      this.#underWay--
      if (unsettling) this.#unsettled--
      const done = this.#settle(plan, query, ending, commit)
      if (this.#underWay === 0) {
        this.#drained?.resolve()
        this.#drained = undefined
      }
      try {
        await done
      } finally {
        if (writing) this.#writing--
      }
    }
  }

  /** Whether a statement may begin or end a transaction, or change the session. */
  #unsettles(plan: Plan, query: Query): boolean {
    const { analysis } = plan
    return (
      analysis.step !== undefined ||
      analysis.parts.length > 0 ||
      (plan.unknown && query.invalidates === undefined) ||
      changes(analysis)
    )
  }

  async #settle(
    plan: Plan | undefined,
    query: Query,
    ending: Ending,
    commit: Commit | undefined,
  ): Promise<void> {
    const { commits } = this.#host
    const permanent = noPending()
    // One that nobody was seen to begin (autocommit turned off, a first statement of several): what this one did belongs to it.
    if (this.#underWay === 0 && this.#options.inTransaction?.() === true) this.#transaction.begin()
    const outcome =
      plan === undefined
        ? this.#unseen(permanent)
        : this.#apply(this.#meant(plan, query), query, ending, permanent)
    this.#believe(permanent)
    if (commit !== undefined) {
      await commits.after(commit, outcome, permanent, query.sql)
      return
    }
    if (isEmpty(permanent)) return
    await commits.after(commits.commit(permanent, this), outcome, permanent, query.sql)
  }

  #unseen(permanent: Pending): CommitOutcome {
    this.#session.doubt()
    const everything = 'a statement that could not be seen'
    this.#host.unknown('', everything)
    this.#record({ changes: [], everything, redefined: false }, permanent)
    return 'committed'
  }

  /** The client knows when nothing else is under way that the transaction has ended, whatever was followed. */
  #believe(permanent: Pending): void {
    if (this.#underWay > 0) return
    const truth = this.#options.inTransaction?.()
    if (truth === false && this.#transaction.active) merge(permanent, this.#transaction.take())
  }

  /** Follows a statement that has ended; puts into `permanent` what cannot be rolled back any more. */
  #apply(plan: Plan, query: Query, ending: Ending, permanent: Pending): CommitOutcome {
    const { analysis } = plan
    const failed = 'error' in ending || ('unseen' in ending && ending.failed)
    if (failed) return this.#applyFailure(plan, query, ending, permanent)
    if (analysis.step?.action === 'commit' && 'answer' in ending) {
      if (this.#options.rolledBack?.(ending.answer) === true) {
        this.#transaction.step({ ...analysis.step, action: 'rollback' })
        return 'rolled-back'
      }
    }
    for (const part of analysis.parts.length > 0 ? analysis.parts : [analysis]) {
      const own = part === analysis ? query : { sql: part.text, invalidates: query.invalidates }
      const planned = part === analysis ? plan : this.#host.plans.ofAnalysis(part)
      this.#applyPart(this.#meant(planned, own), own, permanent)
    }
    return 'committed'
  }

  #applyPart(plan: Plan, query: Query, permanent: Pending): void {
    const { analysis } = plan
    const { step } = analysis
    this.#session.after(analysis, plan.unknown && query.invalidates === undefined)
    if (step !== undefined) {
      this.#applyStep(analysis, plan, permanent)
      return
    }
    const effects = this.#effectsOf(plan, query)
    if (effects.everything !== undefined && !plan.defines)
      this.#host.unknown(query.sql, effects.everything)
    if (analysis.kind === 'ddl' && this.#host.dialect === 'mysql')
      merge(permanent, this.#transaction.take())
    this.#record(effects, permanent)
    if (this.#isLasting(plan)) merge(permanent, effects)
    if (mayCommitBySelf(this.#host.dialect, analysis)) merge(permanent, this.#transaction.pending)
  }

  #applyStep(analysis: Analysis, plan: Plan, permanent: Pending): void {
    const step = analysis.step!
    const { prepared } = this.#host
    if (step.action === 'commit-prepared') merge(permanent, this.#prepared(step.name, plan))
    if (step.action.endsWith('-prepared')) prepared.delete(step.name ?? '')
    const made = this.#transaction.step(step)
    if (made === undefined) return
    if (step.action !== 'prepare') merge(permanent, made)
    else if (step.name !== undefined) prepared.set(step.name, made)
  }

  /** What a prepared transaction changed; not known when it was prepared elsewhere. */
  #prepared(name: string | undefined, plan: Plan): Pending {
    const known = this.#host.prepared.get(name ?? '')
    if (known !== undefined) return known
    const everything = 'a transaction prepared elsewhere'
    this.#host.unknown(plan.analysis.text, everything)
    return { changes: [], everything, redefined: false }
  }

  #applyFailure(plan: Plan, query: Query, ending: Ending, permanent: Pending): CommitOutcome {
    const { analysis } = plan
    const unknown = !('error' in ending) || (this.#options.isUnknown?.(ending.error) ?? true)
    const { step } = analysis
    if (step?.action === 'commit' || step?.action === 'prepare') {
      // A COMMIT that was refused is over, unless the client says that it is not (a busy SQLite).
      if (!unknown && this.#options.inTransaction?.() === true) return 'rolled-back'
      const pending = this.#transaction.take()
      if (unknown) merge(permanent, pending)
      return unknown ? 'unknown' : 'rolled-back'
    }
    if (step?.action === 'commit-prepared' && unknown)
      merge(permanent, this.#prepared(step.name, plan))
    if (analysis.session === 'reset') this.#session.doubt()
    else this.#session.after(analysis, plan.unknown && query.invalidates === undefined)
    // Of several statements the first may have been committed.
    if (unknown || analysis.parts.length > 0) {
      const effects = this.#effectsOf(plan, query)
      if (analysis.parts.length > 0) merge(permanent, this.#transaction.pending)
      if (!this.#transaction.active || analysis.parts.length > 0) merge(permanent, effects)
      else this.#transaction.add(effects)
      return 'unknown'
    }
    const { dialect } = this.#host
    const commits = mayCommitBySelf(dialect, analysis)
    const isHalfDone = mayBeHalfDone(dialect, analysis)
    const isLasting = this.#isLasting(plan)
    if (!commits && !isHalfDone && !isLasting) return 'rolled-back'
    const effects = this.#effectsOf(plan, query)
    if (isHalfDone) this.#record(effects, permanent)
    if (isLasting) merge(permanent, effects)
    if (commits) merge(permanent, this.#transaction.pending)
    return 'committed'
  }

  /** What it writes is there at once, also within a transaction and when it fails. */
  #isLasting({ resolved }: Plan): boolean {
    return resolved?.lasting ?? this.#host.dialect === 'mysql'
  }

  #record(effects: Pending, permanent: Pending): void {
    if (isEmpty(effects)) return
    if (this.#transaction.active) this.#transaction.add(effects)
    else merge(permanent, effects)
  }

  /** What a statement changes if it succeeds. */
  #effectsOf(plan: Plan, query: Query): Pending {
    const { analysis } = plan
    if (query.invalidates !== undefined) {
      return {
        changes: [...this.#host.commits.rooted(query.invalidates)],
        everything: undefined,
        redefined: plan.defines,
      }
    }
    if (analysis.kind === 'ddl' && analysis.temporary && !plan.unknown) return noPending()
    if (plan.defines) return { changes: [], everything: 'a definition', redefined: true }
    const believed = !(query.interpolated === true && analysis.params.doubtful)
    const known = changesOf(plan, query.params, believed)
    if (known !== undefined && !this.#session.hides(plan.resolved?.reached.writes ?? []))
      return { changes: [...known], everything: undefined, redefined: false }
    const everything = plan.resolved?.missing[0] ?? plan.refused?.detail ?? 'not understood'
    return { changes: [], everything, redefined: false }
  }

  async lost(): Promise<void> {
    this.#session.doubt()
    const pending = this.#transaction.take()
    if (isEmpty(pending)) return
    const { commits } = this.#host
    await commits.after(commits.commit(pending, this), 'unknown', pending, 'lost connection')
  }
}

function mayWrite({ analysis, resolved, unknown }: Plan): boolean {
  return analysis.kind !== 'read' || unknown || (resolved?.writes.length ?? 0) > 0
}
