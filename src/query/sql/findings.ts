import type { Operation, Reason, Refusal, Relation, SessionEffect } from './types.js'

/** Details beyond so many help nobody; each reason is kept once at least. */
const MAX_REFUSALS = 16

/** From least to most. */
export const SESSION_RANK: readonly SessionEffect[] = ['same', 'reset', 'transaction', 'changed']

/** What reading one statement has brought to light. */
export class Findings {
  readonly relations: Map<string, { -readonly [K in keyof Relation]: Relation[K] }> = new Map()
  readonly refusals: Refusal[] = []
  readonly functions: Set<string> = new Set()
  readonly operators: Set<string> = new Set()
  readonly types: Set<string> = new Set()
  readonly fields: Set<string> = new Set()
  /** Something is called that may write anything. */
  unknown = false
  temporary = false
  /** What it leaves behind in its connection. */
  session: SessionEffect = 'same'
  /** A function is called for what it does to the session or says to others, not for an answer. */
  speaks = false
  /** A parameter may be read as a moment. */
  moments = false

  refuse(reason: Reason, detail: string): void {
    if (this.refusals.length >= MAX_REFUSALS && this.has(reason)) return
    if (!this.refusals.some((r) => r.reason === reason && r.detail === detail)) {
      this.refusals.push({ reason, detail })
    }
  }

  has(reason: Reason): boolean {
    return this.refusals.some((r) => r.reason === reason)
  }

  /** Something not on our lists: it may write anything and answer anything. */
  distrust(reason: 'function' | 'operator' | 'type', detail: string): void {
    this.refuse(reason, detail)
    if (reason === 'function') this.unknown = true
  }

  changeSession(effect: SessionEffect): void {
    if (SESSION_RANK.indexOf(effect) > SESSION_RANK.indexOf(this.session)) this.session = effect
  }

  /** It may do anything. */
  anything(detail: string): void {
    this.unknown = true
    this.refuse('unknown', detail)
  }

  relation(schema: string | undefined, name: string, operation: Operation): void {
    const key = relationName({ ...(schema === undefined ? {} : { schema }), name })
    const known = this.relations.get(key)
    if (known === undefined) {
      const base = { name, operations: [operation], mentions: 1 }
      this.relations.set(key, schema === undefined ? base : { schema, ...base })
      return
    }
    known.mentions++
    if (!known.operations.includes(operation)) known.operations = [...known.operations, operation]
  }
}

/** A relation as it stands in `reads` and `writes`. */
export function relationName(relation: {
  readonly schema?: string
  readonly name: string
}): string {
  return relation.schema === undefined ? relation.name : `${relation.schema}.${relation.name}`
}
