import { analyze } from '../analyze.js'
import type { Analysis, Operation, Reason, Refusal } from '../types.js'
import { HARMLESS_EXTENSIONS } from './extensions.js'
import { keyOf, type Lookup } from './lookup.js'
import { readBody } from './routine.js'
import type { Catalogue, CatalogueRelation, Routine, Trigger } from './types.js'

/**
 * Follows a statement through the catalogue: views to their tables, changes to what triggers, foreign keys, defaults and functions
 * change in turn. It only ever adds; what it cannot follow makes the effects unknown.
 */
export class Reach {
  readonly reads: Set<string> = new Set()
  readonly writes: Set<string> = new Set()
  /** Names that the catalogue does not have. */
  readonly missing: Set<string> = new Set()
  readonly refusals: Refusal[] = []
  /** The effects cannot be followed to their end. */
  unknown = false
  rowSecurity = false
  /** Some of what is written is there at once, whatever becomes of the transaction. */
  lasting = false
  /** A function that is not the database's own has a part. */
  called = false
  readonly #catalogue: Catalogue
  readonly #lookup: Lookup
  readonly #done: Set<string> = new Set()

  constructor(catalogue: Catalogue, lookup: Lookup) {
    this.#catalogue = catalogue
    this.#lookup = lookup
  }

  refuse(reason: Reason, detail: string): void {
    if (!this.refusals.some((refusal) => refusal.reason === reason && refusal.detail === detail)) {
      this.refusals.push({ reason, detail })
    }
  }

  /** All a relation's rows are made of. */
  read(relation: CatalogueRelation): void {
    const key = keyOf(relation)
    if (!this.#first(`read ${key}`)) return
    if (relation.rowSecurity) {
      this.rowSecurity = true
      this.refuse('session', `row security of ${key}`)
      for (const condition of relation.policies ?? []) this.#policy(condition)
    }
    switch (relation.kind) {
      case 'view':
        return this.#readView(relation)
      case 'foreign':
        this.refuse('foreign', key)
        break
      case 'sequence':
        this.refuse('volatile', key)
        break
      default:
    }
    if (relation.temporary) this.refuse('session', key)
    for (const member of this.#lookup.family(relation)) this.reads.add(keyOf(member))
    if (relation.kind === 'materialized') return
    // Policies, and the table behind a full text index.
    if (relation.rowSecurity || this.#catalogue.dialect === 'sqlite') this.#behind(relation)
    if (relation.rowSecurity) this.#callAll(relation.calls)
  }

  /** Who asks is for the scope to say; what the rows shown depend on besides is not. Functions of the database's own are followed apart. */
  #policy(condition: string): void {
    const analysis = analyze(`SELECT (${condition})`, 'postgres')
    for (const { reason, detail } of analysis.refusals) {
      const own = reason === 'function' && this.#lookup.routines(detail.split('.')).length > 0
      if (!own && !OF_THE_SCOPE.has(reason)) this.refuse(reason, detail)
    }
  }

  #behind(relation: CatalogueRelation): void {
    for (const key of relation.behind) {
      const table = this.#lookup.byKey(key)
      if (table === undefined) this.missing.add(key)
      else this.read(table)
    }
  }

  #readView(view: CatalogueRelation): void {
    const analysis = this.#definitionOf(view)
    this.#behind(view)
    this.#callAll(view.calls)
    if (analysis === undefined) return this.refuse('syntax', keyOf(view))
    // PostgreSQL tells by itself what a view depends on; the others have it in its text only.
    if (this.#catalogue.dialect !== 'postgres') this.#readNames(analysis, view.schema)
    for (const refusal of analysis.refusals) {
      if (BY_CATALOGUE.has(refusal.reason) || refusal.reason === 'ddl') continue
      this.refuse(refusal.reason, refusal.detail)
    }
    this.#functions(analysis)
  }

  #definitionOf(view: CatalogueRelation): Analysis | undefined {
    const { definition } = view
    if (definition === undefined || definition === '') return undefined
    const analysis = analyze(definition, this.#catalogue.dialect)
    return analysis.refusals.some((refusal) => refusal.reason === 'syntax') ? undefined : analysis
  }

  /** Reads what the definition of a view says is read. */
  #readNames(analysis: Analysis, near: string): void {
    for (const { schema, name, operations } of analysis.relations) {
      if (!operations.includes('read')) continue
      const relations = this.#lookup.candidates(schema, name, [near])
      if (relations.length === 0)
        this.missing.add(schema === undefined ? name : `${schema}.${name}`)
      for (const relation of relations) this.read(relation)
    }
  }

  /** Functions an analysis calls that may be somebody's: those not on our lists, and those that share a name with one. */
  #functions(analysis: Analysis): void {
    for (const name of analysis.functions) {
      const unlisted = analysis.refusals.some((r) => r.reason === 'function' && r.detail === name)
      this.call(name.split('.'), unlisted)
    }
    for (const field of analysis.fields) this.callOfRow(field)
    for (const operator of analysis.operators) this.operator(operator)
  }

  operator(name: string): void {
    if (!this.#catalogue.plainOperators.has(name)) this.refuse('operator', name)
  }

  /** `row.name`, which is a call where a function of one row has that name. */
  callOfRow(name: string): void {
    for (const routine of this.#catalogue.routines.get(name) ?? [])
      if (routine.ofRow) this.#routine(routine)
  }

  /** @param unlisted No function of the database's own has that name. */
  call(path: readonly string[], unlisted: boolean): void {
    const routines = this.#lookup.routines(path)
    if (routines.length === 0) {
      if (!unlisted) return
      this.missing.add(path.join('.'))
      this.refuse('function', path.join('.'))
      this.unknown = true
    }
    for (const routine of routines) this.#routine(routine)
  }

  #callAll(keys: readonly string[]): void {
    for (const key of keys) {
      const routines = this.#lookup.routinesByKey(key)
      if (routines.length === 0) this.unknown = true
      for (const routine of routines) this.#routine(routine)
    }
  }

  #routine(routine: Routine): void {
    const { name, language, volatility, extension } = routine
    this.called = true
    const label = `${routine.schema}.${name}`
    if (!this.#first(`call ${label} ${routine.body ?? ''}`)) return
    if (language === 'application' && volatility === 'immutable') return
    if (language === 'c' && extension !== undefined && HARMLESS_EXTENSIONS.has(extension)) {
      if (volatility !== 'immutable') this.refuse('function', label)
      return
    }
    if (routine.aggregate && extension !== undefined && HARMLESS_EXTENSIONS.has(extension)) return
    const simple =
      language === 'sql' && this.#catalogue.dialect === 'postgres' && volatility !== 'volatile'
    if (!(simple && this.#query(routine))) this.refuse('function', label)
    if (routine.body === undefined || routine.aggregate) {
      this.unknown = true
      return
    }
    const near = [routine.schema, ...(routine.searchPath ?? [])]
    this.body(routine.body, near, routine.parameters)
  }

  /** A function that is one query, which may be kept if the query may. */
  #query(routine: Routine): boolean {
    const analysis = analyze(routine.body ?? '', 'postgres')
    if (analysis.kind !== 'read' || analysis.statements !== 1) return false
    const others = analysis.refusals.filter((refusal) => refusal.reason !== 'function')
    this.#functions(analysis)
    return others.length === 0 && routine.searchPath === undefined
  }

  /** The statements of a function or a trigger. @param parameters Its own, which it may assign. */
  body(text: string, near: readonly string[], parameters: readonly string[] = []): void {
    const effects = readBody(text, this.#catalogue.dialect, parameters)
    if (effects === undefined) {
      this.unknown = true
      return
    }
    const meant = (path: readonly string[]): readonly CatalogueRelation[] =>
      this.#lookup.candidates(path.at(-2), path.at(-1) ?? '', near)
    for (const path of effects.mentions) for (const relation of meant(path)) this.read(relation)
    for (const { paths, operation } of effects.writes) {
      const relations = paths.flatMap(meant)
      // A variable, a table of the transaction's own, or one that was made since.
      if (relations.length === 0) this.unknown = true
      for (const relation of relations) this.write(relation, operation)
    }
    for (const path of effects.calls) this.call(path, true)
  }

  /** A table and what else changes when it is changed. @param assigned The columns an UPDATE assigns, where known. */
  write(relation: CatalogueRelation, operation: Operation, assigned?: ReadonlySet<string>): void {
    const columns = assigned === undefined ? '' : [...assigned].join(',')
    if (!this.#first(`${operation} ${keyOf(relation)} ${columns}`)) return
    if (relation.kind === 'view') return this.#writeView(relation, operation)
    const family = this.#lookup.family(relation)
    for (const member of family) {
      this.writes.add(keyOf(member))
      if (member.lasting === true) this.lasting = true
    }
    // MySQL: its rows may be those of other tables here (MERGE).
    if (relation.kind === 'foreign' && this.#catalogue.dialect === 'mysql') this.unknown = true
    this.writeBehind(family, operation, assigned)
  }

  /** What else changes when tables are changed, and not they themselves unless it leads back to them. */
  writeBehind(
    family: readonly CatalogueRelation[],
    operation: Operation,
    assigned?: ReadonlySet<string>,
  ): void {
    for (const member of family) {
      if (member.rules) this.unknown = true
      if (operation === 'insert' || operation === 'update') this.#defaults(member)
      for (const trigger of member.triggers) {
        if (trigger.operations.includes(operation)) this.#trigger(trigger, member)
      }
      this.#references(member, operation, assigned)
    }
  }

  #writeView(view: CatalogueRelation, operation: Operation): void {
    this.writes.add(keyOf(view))
    if (view.rules) this.unknown = true
    const instead = view.triggers.filter(
      (t) => t.timing === 'instead' && t.operations.includes(operation),
    )
    for (const trigger of instead) this.#trigger(trigger, view)
    if (instead.length > 0 || operation === 'define') return
    // A view that can be written writes its tables.
    const tables = this.#tablesOf(view)
    if (tables.length === 0) this.unknown = true
    for (const table of tables) this.write(table, operation)
  }

  #tablesOf(view: CatalogueRelation): readonly CatalogueRelation[] {
    if (this.#catalogue.dialect === 'postgres')
      return view.behind.flatMap((key) => this.#lookup.byKey(key) ?? [])
    const read =
      this.#definitionOf(view)?.relations.filter((r) => r.operations.includes('read')) ?? []
    return read.flatMap((r) => this.#lookup.candidates(r.schema, r.name, [view.schema]))
  }

  /** Functions in defaults and checks run for each row. */
  #defaults(relation: CatalogueRelation): void {
    if (this.#catalogue.dialect === 'postgres' && relation.calls.length > 0)
      this.#callAll(relation.calls)
  }

  #trigger(trigger: Trigger, relation: CatalogueRelation): void {
    if (trigger.routine !== undefined) this.#callAll([trigger.routine])
    else if (trigger.body === undefined) this.unknown = true
    else this.body(trigger.body, [relation.schema])
  }

  #references(
    relation: CatalogueRelation,
    operation: Operation,
    assigned: ReadonlySet<string> | undefined,
  ): void {
    for (const reference of relation.referencedBy) {
      const child = this.#lookup.byKey(reference.from)
      if (child === undefined) {
        this.missing.add(reference.from)
        continue
      }
      if (operation === 'truncate') this.write(child, 'truncate')
      else if (operation === 'delete' && reference.onDelete !== 'nothing')
        this.write(child, reference.onDelete)
      else if (operation === 'update' && reference.onUpdate !== 'nothing') {
        if (mayMove(relation, reference.columns, assigned)) this.write(child, 'update')
      }
    }
  }

  #first(step: string): boolean {
    if (this.#done.has(step)) return false
    this.#done.add(step)
    return true
  }
}

const OF_THE_SCOPE: ReadonlySet<Reason> = new Set<Reason>(['session', 'settings'])
/** Whether an update may change what a foreign key looks at: by assigning it, by what it follows from, or in a trigger. */
function mayMove(
  relation: CatalogueRelation,
  columns: readonly string[],
  assigned: ReadonlySet<string> | undefined,
): boolean {
  if (assigned === undefined || columns.length === 0) return true
  if (relation.triggers.some((t) => t.timing !== 'after' && t.operations.includes('update')))
    return true
  return columns.some(
    (name) =>
      assigned.has(name) ||
      relation.columns.find((column) => column.name === name)?.generated !== false,
  )
}

/** Reasons that the text alone gives and the catalogue settles. */
export const BY_CATALOGUE: ReadonlySet<Reason> = new Set<Reason>(['function', 'operator', 'type'])
