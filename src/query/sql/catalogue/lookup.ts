import { tableName, type Catalogue, type CatalogueRelation, type Routine } from './types.js'

/** Finds what a name means in a catalogue, by the rules of its dialect. */
export interface Lookup {
  /** What a name means to the session; several where nobody knows which. */
  relations(schema: string | undefined, name: string): readonly CatalogueRelation[]
  /** What a name may mean inside a view or a body: to the session, or beside the thing itself. */
  candidates(
    schema: string | undefined,
    name: string,
    near: readonly string[],
  ): readonly CatalogueRelation[]
  byKey(key: string): CatalogueRelation | undefined
  /** All functions a name may mean; several where arguments decide. */
  routines(path: readonly string[]): readonly Routine[]
  /** Those of one schema and name. */
  routinesByKey(key: string): readonly Routine[]
  /** The table itself and all it is a partition of, inherits from, or the other way round. */
  family(relation: CatalogueRelation): readonly CatalogueRelation[]
  /** The topmost table of a family: a row written through any of its members is a row of it. */
  roots(relation: CatalogueRelation): readonly CatalogueRelation[]
}

export function keyOf(relation: CatalogueRelation): string {
  return tableName(relation.schema, relation.name)
}

/** @param searchPath Undefined when it is not known: then a bare name means all that have it. */
export function createLookup(
  catalogue: Catalogue,
  searchPath: readonly string[] | undefined,
): Lookup {
  const { dialect, relations } = catalogue
  // MySQL's names of tables may or may not depend on case: where only the case differs, the other one is meant.
  const folded = dialect === 'mysql' ? foldedKeys(catalogue) : undefined
  const byKey = (key: string): CatalogueRelation | undefined =>
    relations.get(key) ?? relations.get(folded?.get(key.toLowerCase()) ?? '')
  const children = childrenOf(catalogue)

  function family(relation: CatalogueRelation): CatalogueRelation[] {
    const all = new Map<string, CatalogueRelation>()
    const add = (member: CatalogueRelation | undefined): void => {
      if (member === undefined || all.has(keyOf(member))) return
      all.set(keyOf(member), member)
      for (const parent of member.parents) add(byKey(parent))
      for (const child of children.get(keyOf(member)) ?? []) add(byKey(child))
    }
    add(relation)
    return [...all.values()]
  }

  const named = searchPath === undefined ? byBareName(catalogue) : undefined

  function relationsOf(schema: string | undefined, name: string): readonly CatalogueRelation[] {
    if (schema !== undefined) return listed(byKey(tableName(schema, name)))
    if (searchPath === undefined)
      return named?.get(dialect === 'postgres' ? name : name.toLowerCase()) ?? []
    for (const candidate of searchPath) {
      const found = byKey(tableName(candidate, name))
      if (found !== undefined) return [found]
    }
    return []
  }

  const routineKeys = new Map<string, Routine[]>()
  for (const routine of [...catalogue.routines.values()].flat()) {
    const key = tableName(routine.schema, routine.name)
    routineKeys.set(key, [...(routineKeys.get(key) ?? []), routine])
  }

  return {
    byKey,
    relations: relationsOf,
    candidates(schema, name, near) {
      const close =
        schema === undefined ? near.flatMap((s) => listed(byKey(tableName(s, name)))) : []
      return [...new Set([...relationsOf(schema, name), ...close])]
    },
    routinesByKey: (key) => routineKeys.get(key) ?? [],
    routines(path) {
      const name = path.at(-1) ?? ''
      const schema = path.at(-2)
      const all = catalogue.routines.get(dialect === 'postgres' ? name : name.toLowerCase()) ?? []
      if (dialect === 'sqlite') return all
      const schemas = schema === undefined ? searchPath : [schema]
      if (schemas === undefined) return all
      return all.filter((routine) =>
        schemas.some((s) => sameSchema(s, routine.schema, dialect === 'mysql')),
      )
    },
    family,
    roots(relation) {
      if (relation.parents.length === 0) return [relation]
      return family(relation).filter((member) => member.parents.length === 0)
    },
  }
}

function listed<T>(one: T | undefined): readonly T[] {
  return one === undefined ? [] : [one]
}

function byBareName({ dialect, relations }: Catalogue): ReadonlyMap<string, CatalogueRelation[]> {
  const named = new Map<string, CatalogueRelation[]>()
  for (const relation of relations.values()) {
    const name = dialect === 'postgres' ? relation.name : relation.name.toLowerCase()
    named.set(name, [...(named.get(name) ?? []), relation])
  }
  return named
}

function sameSchema(one: string, other: string, caseless: boolean): boolean {
  return caseless ? one.toLowerCase() === other.toLowerCase() : one === other
}

function foldedKeys(catalogue: Catalogue): ReadonlyMap<string, string> {
  return new Map([...catalogue.relations.keys()].map((key) => [key.toLowerCase(), key]))
}

function childrenOf(catalogue: Catalogue): ReadonlyMap<string, readonly string[]> {
  const children = new Map<string, string[]>()
  for (const [key, relation] of catalogue.relations) {
    for (const parent of relation.parents)
      children.set(parent, [...(children.get(parent) ?? []), key])
  }
  return children
}
