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

/** Engines whose rows are this server's own. */
const OWN_ENGINES = new Set([
  'innodb',
  'myisam',
  'aria',
  'memory',
  'rocksdb',
  'archive',
  'csv',
  'ndbcluster',
  'ndb',
  'columnstore',
  'tokudb',
  'blackhole',
])

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
  return {
    dialect: 'mysql',
    relations,
    routines: groupRoutines(ofPart(parts, 'routine').map(readRoutine)),
    plainOperators: new Set(),
    plainTypes: new Set(),
  }
}

function sorted(parts: Part['data'][]): Part['data'][] {
  return parts.toSorted((a, b) => Number(a['position']) - Number(b['position']))
}

function readRelation(data: Part['data']): Draft {
  const relation = draft(string(data['schema']), string(data['name']), kindOf(data))
  relation.temporary = string(data['kind']) === 'TEMPORARY'
  return relation
}

function kindOf(data: Part['data']): RelationKind {
  const kind = string(data['kind'])
  if (kind === 'VIEW') return 'view'
  if (kind === 'SEQUENCE') return 'sequence'
  return OWN_ENGINES.has(string(data['engine']).toLowerCase()) ? 'table' : 'foreign'
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
