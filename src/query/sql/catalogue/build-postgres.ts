import { typeKind } from '../types-of-values.js'
import type { Operation } from '../types.js'
import { postgresComparison } from './comparison.js'
import { HARMLESS_EXTENSIONS } from './extensions.js'
import {
  byName,
  draft,
  groupRoutines,
  list,
  maybe,
  ofPart,
  string,
  truth,
  type Draft,
  type Part,
} from './parts.js'
import {
  tableName,
  type Catalogue,
  type Column,
  type Reference,
  type RelationKind,
  type Routine,
  type Trigger,
} from './types.js'

const KINDS: Readonly<Record<string, RelationKind>> = {
  r: 'table',
  p: 'table',
  v: 'view',
  m: 'materialized',
  f: 'foreign',
  S: 'sequence',
}

const VOLATILITY = { i: 'immutable', s: 'stable', v: 'volatile' } as const

export function buildPostgres(parts: readonly Part[]): Catalogue {
  const relations = new Map<string, Draft>()
  for (const data of ofPart(parts, 'relation'))
    relations.set(string(data['oid']), readRelation(data))
  const routineNames = new Map<string, string>()
  const routines: Routine[] = []
  for (const data of ofPart(parts, 'routine')) {
    const routine = readRoutine(data)
    routines.push(routine)
    routineNames.set(string(data['oid']), tableName(routine.schema, routine.name))
  }
  const nameOf = (oid: unknown): string[] => {
    const relation = relations.get(string(oid))
    return relation === undefined ? [] : [tableName(relation.schema, relation.name)]
  }
  for (const data of ofPart(parts, 'relation')) {
    const relation = relations.get(string(data['oid']))
    if (relation === undefined) continue
    relation.parents = list(data['parents']).flatMap(nameOf)
    relation.behind = list(data['behind'])
      .filter((oid) => relations.get(string(oid))?.kind !== 'sequence')
      .flatMap(nameOf)
    relation.calls = list(data['calls']).flatMap((oid) => routineNames.get(string(oid)) ?? [])
  }
  for (const data of ofPart(parts, 'reference')) {
    const from = nameOf(data['from'])[0]
    if (from !== undefined)
      relations.get(string(data['to']))?.referencedBy.push(readReference(data, from))
  }
  for (const data of ofPart(parts, 'trigger')) {
    relations.get(string(data['on']))?.triggers.push(readTrigger(data, routineNames))
  }
  return {
    dialect: 'postgres',
    relations: byName([...relations.values()]),
    routines: groupRoutines(routines),
    plainOperators: always(ofPart(parts, 'operator').map(plainOperator)),
    plainTypes: always(ofPart(parts, 'type').flatMap(plainType)),
  }
}

function readRelation(data: Part['data']): Draft {
  const relation = draft(
    string(data['schema']),
    string(data['name']),
    KINDS[string(data['kind'])] ?? 'foreign',
  )
  relation.columns = list(data['columns']).map(readColumn)
  relation.primaryKey = list(data['key']).map(string)
  relation.definition = maybe(data['definition'])
  relation.rules = truth(data['rules'])
  relation.rowSecurity = truth(data['rls'])
  if (relation.rowSecurity) relation.policies = list(data['policies']).map(string)
  return relation
}

function readColumn(value: unknown): Column {
  const [name, type, kind, deterministic, generated, modifier, identity] = list(value)
  return {
    name: string(name),
    comparison: postgresComparison(
      string(type),
      string(kind),
      truth(deterministic),
      Number(modifier),
    ),
    generated: truth(generated),
    identity: truth(identity),
    timeOfDay: false,
    counted: false,
  }
}

function readReference(data: Part['data'], from: string): Reference {
  const effect = (action: unknown): 'nothing' | 'delete' | 'update' =>
    action === 'c' ? 'delete' : action === 'n' || action === 'd' ? 'update' : 'nothing'
  return {
    from,
    columns: list(data['columns']).map(string),
    onDelete: effect(data['onDelete']),
    onUpdate: effect(data['onUpdate']) === 'nothing' ? 'nothing' : 'update',
  }
}

/** The bits of `pg_trigger.tgtype`. */
const BEFORE = 2
const INSTEAD = 64
const EVENTS: readonly (readonly [number, Operation])[] = [
  [4, 'insert'],
  [8, 'delete'],
  [16, 'update'],
  [32, 'truncate'],
]

function readTrigger(data: Part['data'], routines: ReadonlyMap<string, string>): Trigger {
  const type = Number(data['type'])
  return {
    name: string(data['name']),
    operations: EVENTS.filter(([bit]) => (type & bit) !== 0).map(([, operation]) => operation),
    timing: (type & INSTEAD) !== 0 ? 'instead' : (type & BEFORE) !== 0 ? 'before' : 'after',
    routine: routines.get(string(data['routine'])) ?? '',
    body: undefined,
  }
}

function readRoutine(data: Part['data']): Routine {
  const kind = string(data['kind'])
  const volatility = string(data['volatility'])
  return {
    schema: string(data['schema']),
    name: string(data['name']),
    language: string(data['language']),
    volatility: VOLATILITY[volatility as keyof typeof VOLATILITY] ?? 'volatile',
    aggregate: kind === 'a' || kind === 'w',
    body: maybe(data['body']),
    extension: maybe(data['extension']),
    ofRow: truth(data['ofRow']),
    searchPath: readSearchPath(data['config']),
  }
}

/** `search_path=app, "Other"` among the settings of a function; anything odd in it is taken for no schema at all. */
function readSearchPath(config: unknown): string[] | undefined {
  const setting = list(config)
    .map(string)
    .find((entry) => /^search_path=/i.test(entry))
  if (setting === undefined) return undefined
  return setting
    .slice('search_path='.length)
    .split(',')
    .map((name) => name.trim().replace(/^"(.*)"$/, '$1'))
    .filter((name) => name !== '')
}

/** The names for which all that bear them are plain. */
function always(named: readonly (readonly [string, boolean])[]): Set<string> {
  const not = new Set(named.filter(([, plain]) => !plain).map(([name]) => name))
  return new Set(named.map(([name]) => name).filter((name) => !not.has(name)))
}

function plainOperator(data: Part['data']): [string, boolean] {
  const extension = maybe(data['extension'])
  return [
    string(data['name']),
    data['volatility'] === 'i' && extension !== undefined && HARMLESS_EXTENSIONS.has(extension),
  ]
}

/** Enumerations, and domains over a type of PostgreSQL's own without a check, which might call anything. */
function plainType(data: Part['data']): [string, boolean][] {
  const [schema, name] = [string(data['schema']), string(data['name'])]
  const base = maybe(data['base'])
  const domain = base !== undefined && typeKind(base) === 'pure' && !truth(data['checked'])
  const plain = data['kind'] === 'e' || domain
  return [
    [name, plain],
    [`${schema}.${name}`, plain],
  ]
}
