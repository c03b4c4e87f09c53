import { LRUCache } from 'lru-cache'
import { toMilliseconds } from '../../src/base/duration.js'
import type { DefinitionsHolder, Read } from './definitions.js'
import type { StatementCacheOptions } from './options.js'

/** What is done with a text, decided once for a state of the definitions. */
export interface Plan extends Read {
  /** Never used twice: what keys begin with. */
  readonly id: number
  readonly sql: string
  readonly options: StatementCacheOptions
  /** Tells plans of one text with other options apart. */
  readonly optionsKey: string
  readonly generation: number
  /**
   * `answer`: may be answered from what is kept. `read`: reads and changes nothing, but is not kept. `change`: changes something, or
   * nobody knows what it does.
   */
  readonly use: 'answer' | 'read' | 'change'
  readonly ttlMs: number
}

/** Plans kept, least recently used first to go; analyses are remembered beside them. */
const MAX_PLANS = 5_000

export class Plans {
  readonly #definitions: DefinitionsHolder
  readonly #ttlMs: number
  readonly #plans = new LRUCache<string, Plan>({ max: MAX_PLANS })
  #last = 0

  constructor(definitions: DefinitionsHolder, ttlMs: number) {
    this.#definitions = definitions
    this.#ttlMs = ttlMs
  }

  /** The plan of a text as it is kept, if the definitions are still those it was made for. */
  known(sql: string, optionsKey: string): Plan | undefined {
    const plan = this.#plans.get(optionsKey + sql)
    return plan?.generation === this.#definitions.generation ? plan : undefined
  }

  make(sql: string, optionsKey: string, options: StatementCacheOptions): Plan {
    const known = this.known(sql, optionsKey)
    if (known !== undefined) return known
    const read = this.#definitions.resolve(sql)
    const plan: Plan = {
      id: ++this.#last,
      sql,
      options,
      optionsKey,
      generation: this.#definitions.generation,
      ...read,
      use: useOf(read, options),
      ttlMs: options.ttl === undefined ? this.#ttlMs : toMilliseconds(options.ttl, 'cache.ttl'),
    }
    this.#plans.set(optionsKey + sql, plan)
    return plan
  }
}

/** The definitions overrule the text: a function it does not know may be one of the application's that only depends on its arguments. */
function useOf({ analysis, resolved }: Read, options: StatementCacheOptions): Plan['use'] {
  const changesNothing =
    resolved.effects === 'known' &&
    resolved.writes.length === 0 &&
    !resolved.defines &&
    analysis.step === undefined
  if (!changesNothing) return 'change'
  const isLeftAlone = options.bypass === true || options.invalidates !== undefined
  if (resolved.cacheable && !analysis.temporary) return isLeftAlone ? 'read' : 'answer'
  const isSilent = analysis.kind === 'read' || analysis.kind === 'session'
  return isSilent && analysis.session === 'same' ? 'read' : 'change'
}
