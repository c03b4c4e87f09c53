import { tableName, type CatalogueRelation, type RelationKind, type Routine } from './types.js'

/** A parsed row of the catalogue. */
export interface Part {
  readonly part: string
  readonly data: Readonly<Record<string, unknown>>
}

/** A relation being put together. */
export type Draft = {
  -readonly [K in keyof CatalogueRelation]: CatalogueRelation[K] extends readonly (infer T)[]
    ? T[]
    : CatalogueRelation[K]
}

export function draft(schema: string, name: string, kind: RelationKind): Draft {
  return {
    schema,
    name,
    kind,
    temporary: false,
    columns: [],
    primaryKey: [],
    parents: [],
    behind: [],
    definition: undefined,
    calls: [],
    triggers: [],
    referencedBy: [],
    rules: false,
    rowSecurity: false,
  }
}

export function ofPart(parts: readonly Part[], name: string): Part['data'][] {
  return parts.filter((part) => part.part === name).map((part) => part.data)
}

export function string(value: unknown): string {
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : ''
}

export function maybe(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

export function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}

/** True for `true`, 1 and `'1'`, as drivers give them. */
export function truth(value: unknown): boolean {
  return value === true || value === 1 || value === '1'
}

export function byName(drafts: readonly Draft[]): Map<string, Draft> {
  return new Map(drafts.map((relation) => [tableName(relation.schema, relation.name), relation]))
}

export function groupRoutines(routines: readonly Routine[]): Map<string, Routine[]> {
  const groups = new Map<string, Routine[]>()
  for (const routine of routines) {
    const group = groups.get(routine.name)
    if (group) group.push(routine)
    else groups.set(routine.name, [routine])
  }
  return groups
}
