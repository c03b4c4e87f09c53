import { lex } from '../lex/lexer.js'
import { lowerAscii } from '../lex/scan.js'
import { isOne } from '../reader.js'
import { sqliteComparison } from './comparison.js'
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
  type RelationKind,
  type Routine,
  type Trigger,
} from './types.js'

/** Modules of SQLite's own whose rows change only through the table. */
const OWN_MODULES = /\busing\s+(?:fts[345]|rtree|rtree_i32|geopoly)\b/i

/** Functions that the modules bring; they are on our list. */
const OF_MODULES = /^(?:fts|rtree|geopoly|bm25|highlight|snippet|offsets|matchinfo|match|optimize)/

export function buildSqlite(parts: readonly Part[]): Catalogue {
  const drafts = ofPart(parts, 'relation')
  const relations = byName(drafts.map(readRelation))
  for (const data of drafts) noteReferences(relations, data)
  for (const data of ofPart(parts, 'trigger')) noteTrigger(relations, data)
  const routines = ofPart(parts, 'routine').filter((data) => !OF_MODULES.test(string(data['name'])))
  return {
    dialect: 'sqlite',
    relations,
    routines: groupRoutines(routines.map(readRoutine)),
    plainOperators: new Set(),
    plainTypes: new Set(),
  }
}

function fold(value: unknown): string {
  return lowerAscii(string(value))
}

function readRelation(data: Part['data']): Draft {
  const sql = string(data['sql'])
  const schema = fold(data['schema'])
  const relation = draft(schema, fold(data['name']), kindOf(string(data['kind']), sql))
  relation.temporary = schema === 'temp'
  // A collation may stand at any column; where one is named none is trusted.
  const binary = !/\bcollate\b/i.test(sql)
  const columns = list(data['columns']).map(list)
  relation.columns = columns.map(([name, type, , hidden]): Column => ({
    name: fold(name),
    comparison: sqliteComparison(string(type), binary),
    generated: Number(hidden) > 0,
    timeOfDay: false,
    counted: false,
  }))
  const key = columns.filter(([, , place]) => Number(place) > 0)
  relation.primaryKey = key
    .toSorted((a, b) => Number(a[2]) - Number(b[2]))
    .map(([name]) => fold(name))
  if (relation.kind === 'view') relation.definition = sql
  // A full text index over the rows of another table.
  const content = /\bcontent\s*=\s*(?:'([^']*)'|"([^"]*)"|(\w+))/i.exec(sql)
  const of = content?.[1] ?? content?.[2] ?? content?.[3] ?? ''
  if (relation.kind !== 'view' && of !== '') relation.behind = [tableName(schema, lowerAscii(of))]
  return relation
}

function kindOf(kind: string, sql: string): RelationKind {
  if (kind === 'view') return 'view'
  // The tables inside an index change with it.
  if (kind === 'shadow') return 'foreign'
  return kind === 'virtual' && !OWN_MODULES.test(sql) ? 'foreign' : 'table'
}

/** Foreign keys stay within a file. They act only while `foreign_keys` is on; here they always may. */
function noteReferences(relations: Map<string, Draft>, data: Part['data']): void {
  const schema = fold(data['schema'])
  for (const item of list(data['references']) as Part['data'][]) {
    relations.get(tableName(schema, fold(item['to'])))?.referencedBy.push({
      from: tableName(schema, fold(data['name'])),
      columns: [],
      onDelete: effectOf(item['onDelete']),
      onUpdate: effectOf(item['onUpdate']) === 'nothing' ? 'nothing' : 'update',
    })
  }
}

function effectOf(action: unknown): 'nothing' | 'delete' | 'update' {
  if (action === 'CASCADE') return 'delete'
  return action === 'SET NULL' || action === 'SET DEFAULT' ? 'update' : 'nothing'
}

function noteTrigger(relations: Map<string, Draft>, data: Part['data']): void {
  const head = readHead(string(data['sql']))
  const trigger = { name: string(data['name']), routine: undefined, ...head }
  const on = fold(data['on'])
  const schema = fold(data['schema'])
  // A trigger of the temporary schema may stand on a table of any file.
  for (const relation of relations.values()) {
    if (relation.name === on && (schema === 'temp' || relation.schema === schema))
      relation.triggers.push(trigger)
  }
}

/** `CREATE TRIGGER name AFTER UPDATE OF a ON t WHEN ... BEGIN ... END`; a head that is not understood stands for everything. */
function readHead(sql: string): Pick<Trigger, 'operations' | 'timing' | 'body'> {
  try {
    const { tokens } = lex(sql, 'sqlite', { single: false, double: false, conditional: false })
    const is = (at: number, ...words: string[]): boolean => isOne(tokens[at] ?? tokens[0]!, words)
    let at = tokens.findIndex((token) => isOne(token, ['TRIGGER'])) + 1
    if (is(at, 'IF')) at += 3
    at += is(at + 1, '.') ? 3 : 1
    const instead = is(at, 'INSTEAD')
    const before = is(at, 'BEFORE')
    if (instead) at += 2
    else if (before || is(at, 'AFTER')) at++
    const operation = tokens[at]?.text.toLowerCase()
    const begin = tokens.findIndex(
      (token, i) => i > at && isOne(token, ['BEGIN']) && !is(i - 1, '.'),
    )
    const end = tokens.findLastIndex((token) => isOne(token, ['END']))
    if (operation === 'insert' || operation === 'update' || operation === 'delete') {
      if (begin > at && end > begin) {
        const body = sql.slice(tokens[begin]?.end, tokens[end]?.start)
        const timing = instead ? 'instead' : before ? 'before' : 'after'
        return { operations: [operation], timing, body }
      }
    }
  } catch {
    // Falls to what stands for everything.
  }
  return { operations: ['insert', 'update', 'delete'], timing: 'before', body: undefined }
}

function readRoutine(data: Part['data']): Routine {
  return {
    schema: '',
    name: fold(data['name']),
    language: 'application',
    volatility: truth(data['deterministic']) ? 'immutable' : 'volatile',
    aggregate: false,
    body: maybe(data['body']),
    extension: undefined,
    ofRow: false,
    searchPath: undefined,
  }
}
