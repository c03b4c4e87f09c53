import type { Operation } from '../types.js'
import { mysqlComparison } from './comparison.js'
import {
  byName,
  draft,
  groupRoutines,
  maybe,
  ofPart,
  string,
  type Draft,
  type Part,
} from './parts.js'
import { tableName, type Catalogue, type Column, type RelationKind, type Routine } from './types.js'

/** Engines whose rows are this server's own: those with transactions, and those without. */
const TRANSACTIONAL = new Set(['innodb', 'rocksdb', 'ndbcluster', 'ndb', 'columnstore', 'tokudb'])
const LASTING = new Set(['myisam', 'aria', 'memory', 'archive', 'csv', 'blackhole'])

export function buildMysql(parts: readonly Part[]): Catalogue {
  const relations = byName(ofPart(parts, 'relation').map(readRelation))
  const at = (schema: unknown, name: unknown): Draft | undefined =>
    relations.get(tableName(string(schema), string(name)))
  for (const data of ofPart(parts, 'view')) {
    const view = at(data['schema'], data['name'])
    // Who may not see the definition gets an empty one.
    if (view) view.definition = maybe(data['definition']) ?? ''
  }
  for (const data of sorted(ofPart(parts, 'column'))) {
    at(data['schema'], data['table'])?.columns.push(readColumn(data))
  }
  for (const data of sorted(ofPart(parts, 'key'))) {
    at(data['schema'], data['table'])?.primaryKey.push(string(data['name']).toLowerCase())
  }
  const referenced = new Map<string, string[]>()
  for (const data of ofPart(parts, 'referenced')) {
    const key = constraintOf(data)
    const columns = referenced.get(key) ?? []
    referenced.set(key, [...columns, string(data['column']).toLowerCase()])
  }
  for (const data of ofPart(parts, 'reference')) {
    at(data['toSchema'], data['to'])?.referencedBy.push({
      from: tableName(string(data['schema']), string(data['from'])),
      columns: referenced.get(constraintOf(data)) ?? [],
      onDelete: effectOf(data['onDelete']),
      onUpdate: effectOf(data['onUpdate']) === 'nothing' ? 'nothing' : 'update',
    })
  }
  for (const data of ofPart(parts, 'trigger')) {
    at(data['schema'], data['on'])?.triggers.push({
      name: string(data['name']),
      operations: [string(data['event']).toLowerCase() as Operation],
      timing: data['timing'] === 'BEFORE' ? 'before' : 'after',
      routine: undefined,
      body: maybe(data['body']) ?? '',
    })
  }
  const parameters = new Map<string, string[]>()
  for (const data of ofPart(parts, 'parameter')) {
    const key = routineOf(data, data['routine'])
    parameters.set(key, [...(parameters.get(key) ?? []), string(data['name'])])
  }
  const routines = ofPart(parts, 'routine').map((data) => ({
    ...readRoutine(data),
    parameters: parameters.get(routineOf(data, data['name'])) ?? [],
  }))
  return {
    dialect: 'mysql',
    relations,
    routines: groupRoutines(routines),
    plainOperators: new Set(),
    plainTypes: new Set(),
  }
}

function sorted(parts: Part['data'][]): Part['data'][] {
  return parts.toSorted((a, b) => Number(a['position']) - Number(b['position']))
}

function readRelation(data: Part['data']): Draft {
  const engine = string(data['engine']).toLowerCase()
  const relation = draft(string(data['schema']), string(data['name']), kindOf(data, engine))
  relation.temporary = string(data['kind']) === 'TEMPORARY'
  return LASTING.has(engine) ? { ...relation, lasting: true } : relation
}

function kindOf(data: Part['data'], engine: string): RelationKind {
  const kind = string(data['kind'])
  if (kind === 'VIEW') return 'view'
  if (kind === 'SEQUENCE') return 'sequence'
  return TRANSACTIONAL.has(engine) || LASTING.has(engine) ? 'table' : 'foreign'
}

function readColumn(data: Part['data']): Column {
  const extra = string(data['extra'])
  const length = data['length'] === null ? null : Number(data['length'])
  const comparison = mysqlComparison(
    string(data['type']),
    string(data['full']),
    maybe(data['collation']) ?? null,
    length,
  )
  return {
    name: string(data['name']).toLowerCase(),
    comparison,
    generated: /GENERATED|VIRTUAL|STORED|PERSISTENT|on update/i.test(extra),
    timeOfDay: data['type'] === 'time',
    counted: /auto_increment/i.test(extra),
  }
}

/** MariaDB names constraints by table, MySQL by database. */
function constraintOf(data: Part['data']): string {
  return JSON.stringify([data['schema'], data['from'], data['name']])
}

/** A function and a procedure may share a name. */
function routineOf({ schema, type }: Part['data'], name: unknown): string {
  return JSON.stringify([schema, type, name])
}

function effectOf(rule: unknown): 'nothing' | 'delete' | 'update' {
  if (rule === 'CASCADE') return 'delete'
  return rule === 'SET NULL' || rule === 'SET DEFAULT' ? 'update' : 'nothing'
}

function readRoutine(data: Part['data']): Routine {
  return {
    schema: string(data['schema']),
    name: string(data['name']).toLowerCase(),
    language: 'sql',
    // What a routine declares about itself is not enforced.
    volatility: 'volatile',
    aggregate: false,
    body: maybe(data['body']) ?? '',
    extension: undefined,
    ofRow: false,
    searchPath: [string(data['schema'])],
  }
}
