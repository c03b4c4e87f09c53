import { LRUCache } from 'lru-cache'
import { Recent } from '../base/recent.js'
import type { CatalogueHolder, Known } from './catalogue-holder.js'
import { keyPrefix, paramsText, queryKey, type Encode } from './key.js'
import { createPlan, isMomentary, type Plan, type Refused } from './plan.js'
import type { ReadTags } from './reads.js'
import type { ResolvedScope } from './scope.js'
import type { Analysis, Dialect } from './sql/index.js'
import type { Query } from './types.js'

const MAX_PLANS = 2_000
const MAX_CHARACTERS = 8 * 1024 * 1024
/** Keys that are remembered by the parameters they were made of, in all plans together. */
const MAX_KEYS = 20_000
const MAX_PARAMS_TEXT = 300
/** Longer texts are looked for among the plans. */
const MAX_READY_TEXT = 2_000

/** What an answer is kept under. */
export interface Named {
  readonly key: string
  /** Its labels, once they were asked for. */
  tags: ReadTags | undefined
}

/** What keys of one text have in common in one scope, and those that were made. */
interface Variant {
  readonly scope: string
  readonly rowMode: string | undefined
  readonly parsers: string | undefined
  /** The name of the parsers of queries that say nothing of theirs. */
  readonly common: string | undefined
  readonly prefix: string
  keys: Map<string, Named>
  /** The same by the value of one parameter: a text, or a number besides zero, which a map takes for minus zero. */
  single: Map<unknown, Named>
  epoch: number
}

export interface PlansOptions {
  readonly dialect: Dialect
  readonly holder: CatalogueHolder
  readonly sameSettings: boolean
  readonly encode: Encode | undefined
  readonly defaultParsers: (() => string) | undefined
  readonly analyze: (sql: string) => Analysis
}

/** Plans by text, for the definitions that are known; and keys, which are costly, by parameters. Bounded. */
export class Plans {
  readonly #options: PlansOptions
  readonly #zone = new Intl.DateTimeFormat().resolvedOptions().timeZone
  readonly #byText: LRUCache<string, Plan>
  readonly #byTables: LRUCache<string, Plan>
  #byAnalysis = new WeakMap<Analysis, Plan>()
  /** By the plan for a session as new. */
  readonly #moved = new WeakMap<Plan, Plan>()
  readonly #variants = new WeakMap<Plan, Variant[]>()
  /** By text: the latest scope in which it was asked for without options, for hits. */
  #ready = new Recent<Variant>(2 * MAX_PLANS)
  #digest: string | undefined
  #keys = 0
  #epoch = 0

  constructor(options: PlansOptions) {
    this.#options = options
    const bounds = {
      max: MAX_PLANS,
      maxSize: MAX_CHARACTERS,
      sizeCalculation: (_plan: Plan, text: string) => text.length + 500,
    }
    this.#byText = new LRUCache(bounds)
    this.#byTables = new LRUCache(bounds)
  }

  /** The key of a query without options, if it was asked for before in this scope and its answer may be kept. */
  ready(sql: string, params: readonly unknown[], scope: ResolvedScope): string | undefined {
    const variant = this.#ready.get(sql)
    if (variant === undefined || variant.scope !== scope.text || variant.epoch !== this.#epoch)
      return undefined
    if (variant.common !== this.#options.defaultParsers?.()) return undefined
    if (params.length === 1 && isSingle(params[0])) return variant.single.get(params[0])?.key
    const text = paramsText(params, this.#options.encode)
    return text === undefined ? undefined : variant.keys.get(text)?.key
  }

  /** The plan of a text if it was made already. */
  at(query: Query): Plan | undefined {
    return query.tables === undefined ? this.#byText.get(query.sql) : undefined
  }

  /** The plan of a text, by the definitions known now. */
  of(query: Query): Plan {
    const known = this.#options.holder.current
    if (known?.digest !== this.#digest) this.#forget(known)
    const { sql, tables } = query
    if (tables !== undefined) return this.#withTables(sql, tables, known)
    const before = this.#byText.get(sql)
    if (before !== undefined) return before
    const analysis = this.#options.analyze(sql)
    const plan = this.ofAnalysis(analysis)
    // A text with a comment behind it that is new each time is not worth remembering.
    if (analysis.text === sql) this.#byText.set(sql, plan)
    return plan
  }

  /** The plan of one of several statements in a text. */
  ofAnalysis(analysis: Analysis): Plan {
    const known = this.#options.holder.current
    let plan = this.#byAnalysis.get(analysis)
    if (plan === undefined || plan.known?.digest !== known?.digest) {
      plan = createPlan(analysis, known, {
        tables: undefined,
        sameSettings: this.#options.sameSettings,
      })
      this.#byAnalysis.set(analysis, plan)
    }
    return plan
  }

  /** The plan of the same text where bare names may mean tables of any schema. */
  moved(plan: Plan, { tables }: Query): Plan {
    let moved = this.#moved.get(plan)
    if (moved === undefined) {
      const { sameSettings } = this.#options
      moved = createPlan(plan.analysis, plan.known, { tables, sameSettings, moved: true })
      this.#moved.set(plan, moved).set(moved, moved)
    }
    return moved
  }

  #withTables(sql: string, tables: readonly string[], known: Known | undefined): Plan {
    const text = `${tables.map((table) => `${table.length}:${table}`).join('')} ${sql}`
    let plan = this.#byTables.get(text)
    if (plan === undefined) {
      const { analyze, sameSettings } = this.#options
      plan = createPlan(analyze(sql), known, { tables, sameSettings })
      this.#byTables.set(text, plan)
    }
    return plan
  }

  #forget(known: Known | undefined): void {
    this.#digest = known?.digest
    this.#byText.clear()
    this.#byTables.clear()
    this.#byAnalysis = new WeakMap()
    this.#ready = new Recent(2 * MAX_PLANS)
  }

  /** The key of an answer, or why there is none. */
  named(plan: Plan, scope: ResolvedScope, query: Query): Named | Refused {
    const params = paramsText(query.params, this.#options.encode)
    if (params === undefined) return { why: 'parameter', detail: 'a class without a certain form' }
    const variant = this.#variant(plan, scope, query)
    const known = variant.keys.get(params)
    if (known !== undefined) {
      this.#prepare(variant, query)
      return known
    }
    // Asked once for a key: what makes the key makes the answer.
    if (isMomentary(plan, query.params)) return { why: 'time', detail: 'a parameter such as now' }
    const named: Named = { key: queryKey(variant.prefix, params), tags: undefined }
    if (params.length <= MAX_PARAMS_TEXT) {
      this.#remember(variant, params, named)
      const list = query.params
      if (Array.isArray(list) && list.length === 1 && isSingle(list[0]))
        variant.single.set(list[0], named)
      this.#prepare(variant, query)
    }
    return named
  }

  #variant(plan: Plan, scope: ResolvedScope, { rowMode, parsers }: Query): Variant {
    const common = this.#options.defaultParsers?.()
    let variants = this.#variants.get(plan)
    if (variants === undefined) this.#variants.set(plan, (variants = []))
    for (let index = 0; index < variants.length; index++) {
      const one = variants[index]!
      if (one.common !== common) continue
      if (one.scope === scope.text && one.rowMode === rowMode && one.parsers === parsers) {
        if (one.epoch !== this.#epoch) {
          one.keys = new Map()
          one.single = new Map()
          one.epoch = this.#epoch
        }
        return one
      }
    }
    const variant: Variant = {
      scope: scope.text,
      rowMode,
      parsers: parsers ?? undefined,
      common,
      prefix: keyPrefix({
        dialect: this.#options.dialect,
        scope: scope.text,
        definitions: plan.known?.digest ?? '',
        rowMode,
        parsers: parsers ?? common,
        zone: this.#zone,
        sql: plan.analysis.text,
      }),
      keys: new Map(),
      single: new Map(),
      epoch: this.#epoch,
    }
    if (variants.length >= 32) variants.length = 0
    variants.push(variant)
    return variant
  }

  #prepare(variant: Variant, query: Query): void {
    const { sql, rowMode, parsers, tables, cache } = query
    const isPlain =
      rowMode === undefined && parsers === undefined && tables === undefined && cache === undefined
    if (isPlain && sql.length <= MAX_READY_TEXT && this.#ready.get(sql) !== variant)
      this.#ready.set(sql, variant)
  }

  #remember(variant: Variant, params: string, named: Named): void {
    if (++this.#keys > MAX_KEYS) {
      this.#keys = 1
      this.#epoch++
      variant.keys = new Map()
      variant.single = new Map()
      variant.epoch = this.#epoch
    }
    variant.keys.set(params, named)
  }
}

function isSingle(value: unknown): boolean {
  return typeof value === 'string' || (typeof value === 'number' && value !== 0)
}
