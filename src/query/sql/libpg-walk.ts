import { noteFunction } from './calls.js'
import type { Findings } from './findings.js'
import type { Token } from './lex/token.js'
import { isMoment } from './moments.js'
import { POSTGRES_OPERATORS } from './operators.js'
import { catalogueSchema, isCatalogue } from './system.js'
import { typeKind } from './types-of-values.js'
import type { Operation } from './types.js'

/**
 * Walks PostgreSQL's own parse tree (as libpg-query gives it) and notes the same things our reader notes. Nodes that are not listed
 * make the text not understood, so a newer grammar is refused rather than misread.
 */
export function walkStatement(node: Node, found: Findings): void {
  new Walker(found).node(node, undefined)
}

export type Node = { readonly [key: string]: unknown }

interface Scope {
  readonly names: ReadonlySet<string>
  readonly outer: Scope | undefined
}

/** Nodes with nothing special about them but what is inside. */
const PLAIN = new Set(
  `A_ArrayExpr A_Indices A_Star A_Const BoolExpr BooleanTest BoolConst CaseExpr CaseWhen CoalesceExpr CollateClause Boolean Integer
  Float String BitString List GroupingFunc GroupingSet IndexElem InferClause OnConflictClause JoinExpr MinMaxExpr MultiAssignRef NamedArgExpr
  NullTest ParamRef RangeFunction RangeSubselect ResTarget RowExpr SetToDefault SortBy SubLink WindowDef JsonArgument JsonValueExpr
  JsonFormat JsonBehavior JsonFuncExpr JsonIsPredicate JsonKeyValue JsonObjectConstructor JsonArrayConstructor
  JsonArrayQueryConstructor JsonObjectAgg JsonArrayAgg JsonAggConstructor JsonTable JsonTableColumn JsonTablePathSpec JsonOutput
  JsonReturning JsonParseExpr JsonScalarExpr JsonSerializeExpr RangeTableFunc RangeTableFuncCol ColumnDef TypeName
  MergeWhenClause MergeSupportFunc ReturningClause ReturningOption Alias CTECycleClause CTESearchClause`
    .trim()
    .split(/\s+/),
)

const CHANGES: Readonly<Record<string, Operation>> = {
  InsertStmt: 'insert',
  UpdateStmt: 'update',
  DeleteStmt: 'delete',
  MergeStmt: 'update',
}

class Walker {
  readonly #found: Findings
  #depth = 0

  constructor(found: Findings) {
    this.#found = found
  }

  /** A wrapped node, `{ SelectStmt: {...} }`, or an object whose fields are to be walked. */
  node(value: unknown, scope: Scope | undefined): void {
    if (Array.isArray(value)) {
      for (const item of value) this.node(item, scope)
      return
    }
    if (typeof value !== 'object' || value === null) return
    if (++this.#depth > 600) throw new RangeError('depth')
    for (const [key, inner] of Object.entries(value)) {
      if (/^[A-Z]/.test(key) && typeof inner === 'object') this.#typed(key, inner as Node, scope)
      else this.#field(key, inner, scope)
    }
    this.#depth--
  }

  /** Fields hold statements, types and tables without their names. */
  #field(key: string, value: unknown, scope: Scope | undefined): void {
    if (key === 'typeName' || key === 'typename') this.#type(value as Node, false)
    else if (key === 'larg' || key === 'rarg') {
      // Both sides of a set operation, and of a join; only the former come without a name.
      const wrapped = Object.keys(value as Node).some((name) => /^[A-Z]/.test(name))
      if (wrapped) this.node(value, scope)
      else this.#typed('SelectStmt', value as Node, scope)
    } else this.node(value, scope)
  }

  #typed(name: string, node: Node, scope: Scope | undefined): void {
    const operation = CHANGES[name]
    if (operation !== undefined) return this.#change(name, operation, node, scope)
    switch (name) {
      case 'SelectStmt':
        return this.#select(node, scope)
      case 'RangeVar':
        return this.#table(node, scope)
      case 'FuncCall':
        return this.#call(node, scope)
      case 'TypeCast':
        return this.#cast(node, scope)
      case 'SQLValueFunction':
        return this.#valueFunction(node)
      case 'A_Expr':
        return this.#operator(node, scope)
      case 'A_Indirection':
      case 'ColumnRef':
        return this.#fields(node, scope)
      case 'RangeTableSample':
        this.#found.refuse('volatile', 'tablesample')
        return this.node({ relation: node['relation'], args: node['args'] }, scope)
      case 'LockingClause':
        return this.#found.refuse('lock', 'for update')
      case 'CurrentOfExpr':
        return this.#found.refuse('cursor', 'current of')
      case 'XmlExpr':
      case 'XmlSerialize':
        this.#found.refuse('settings', 'xml')
        return this.node(node, scope)
      default:
        if (!PLAIN.has(name)) this.#found.distrust('function', name)
        this.#text(node)
        this.node(node, scope)
    }
  }

  #text(node: Node): void {
    const text = (node['sval'] as { sval?: string } | undefined)?.sval
    if (typeof text === 'string' && isMoment(text)) this.#found.refuse('time', text)
  }

  #select(node: Node, scope: Scope | undefined): void {
    const inner = this.#with(node['withClause'], scope)
    const { withClause: _with, intoClause, ...rest } = node
    if (intoClause !== undefined) {
      const rel = (intoClause as Node)['rel'] as Node
      if (rel['relpersistence'] === 't') this.#found.temporary = true
      this.#found.refuse('ddl', 'select into')
      this.#target(rel, 'define')
    }
    this.node(rest, inner)
  }

  /** The scope that a WITH makes, after walking what it holds. */
  #with(clause: unknown, scope: Scope | undefined): Scope | undefined {
    if (clause === undefined) return scope
    const { ctes, recursive } = clause as { ctes: readonly Node[]; recursive?: boolean }
    const names = new Set<string>()
    const inner = { names, outer: scope }
    const list = ctes.map((cte) => cte['CommonTableExpr'] as Node)
    if (recursive === true) for (const cte of list) names.add(String(cte['ctename']))
    for (const cte of list) {
      this.node(cte['ctequery'], inner)
      names.add(String(cte['ctename']))
    }
    return inner
  }

  #change(name: string, operation: Operation, node: Node, scope: Scope | undefined): void {
    const inner = this.#with(node['withClause'], scope)
    const { withClause: _with, relation, ...rest } = node
    this.#target(relation as Node, operation)
    for (const clause of (node['mergeWhenClauses'] ?? []) as readonly Node[]) {
      const kind = (clause['MergeWhenClause'] as Node)['commandType']
      if (kind === 'CMD_DELETE') this.#target(relation as Node, 'delete')
      if (kind === 'CMD_INSERT') this.#target(relation as Node, 'insert')
    }
    if ((node['onConflictClause'] as Node | undefined)?.['action'] === 'ONCONFLICT_UPDATE') {
      this.#target(relation as Node, 'update')
    }
    this.node(rest, inner)
    if (name === 'MergeStmt') this.#found.functions.delete('merge_action')
  }

  #target(relation: Node, operation: Operation): void {
    this.#found.relation(schemaOf(relation), String(relation['relname']), operation)
  }

  #table(node: Node, scope: Scope | undefined): void {
    const name = String(node['relname'])
    const schema = schemaOf(node)
    if (schema === undefined) {
      for (let s = scope; s; s = s.outer) if (s.names.has(name)) return
    }
    if (isCatalogue('postgres', schema, name)) this.#found.refuse('catalogue', name)
    if (schema !== undefined && catalogueSchema('postgres', schema) === 'temporary') {
      this.#found.temporary = true
      this.#found.refuse('session', schema)
    }
    this.#found.relation(schema, name, 'read')
  }

  #call(node: Node, scope: Scope | undefined): void {
    const path = strings(node['funcname'])
    const sugar = node['funcformat'] === 'COERCE_SQL_SYNTAX'
    const args = (node['args'] ?? []) as readonly Node[]
    const name = path.join('.')
    // AT TIME ZONE names its zone; AT LOCAL has one argument only.
    const zone = sugar && path.at(-1) === 'timezone' && args.length === 2
    if (!zone) {
      const tokens = argumentTokens(args)
      noteFunction(this.#found, 'postgres', name, {
        tokens,
        from: 0,
        to: tokens.length,
        glued: true,
      })
    }
    const { funcname: _name, ...rest } = node
    this.node(rest, scope)
  }

  #cast(node: Node, scope: Scope | undefined): void {
    const argument = node['arg'] as Node
    const constant = 'A_Const' in argument || 'ParamRef' in argument
    this.#type(node['typeName'] as Node, constant)
    this.node(argument, scope)
  }

  #type(type: Node, constant: boolean): void {
    if (type['pct_type'] === true) return this.#found.distrust('type', '%type')
    const path = strings(type['names'])
    const own = path.length === 1 || path[0] === 'pg_catalog'
    const name = path.at(-1) ?? ''
    const kind = own ? typeKind(name) : 'unknown'
    if (kind === 'unknown') {
      this.#found.types.add(path.join('.'))
      this.#found.distrust('type', path.join('.'))
    } else if (kind === 'catalogue') this.#found.refuse('catalogue', 'cast')
    else if (kind === 'settings' || (kind === 'moment' && !constant)) {
      this.#found.refuse('settings', 'cast')
    }
  }

  #valueFunction(node: Node): void {
    const op = String(node['op']).replace('SVFOP_', '').replace(/_N$/, '').toLowerCase()
    this.#found.functions.add(op)
    this.#found.refuse(/user|role|catalog|schema/.test(op) ? 'session' : 'time', op)
  }

  #operator(node: Node, scope: Scope | undefined): void {
    const path = strings(node['name'])
    const name = path.at(-1) ?? ''
    const own = path.length === 1 || path[0] === 'pg_catalog'
    // BETWEEN stands for two comparisons.
    const between = /^AEXPR_(?:NOT_)?BETWEEN/.test(String(node['kind']))
    if (!between && (!own || !POSTGRES_OPERATORS.has(name))) {
      this.#found.operators.add(path.join('.'))
      this.#found.distrust('operator', path.join('.'))
    }
    const { name: _name, ...rest } = node
    this.node(rest, scope)
  }

  #fields(node: Node, scope: Scope | undefined): void {
    const path = (node['fields'] ?? node['indirection'] ?? []) as readonly Node[]
    const from = 'fields' in node ? 1 : 0
    for (const part of path.slice(from)) {
      const name = (part['String'] as { sval?: string } | undefined)?.sval
      if (name !== undefined) this.#found.fields.add(name)
    }
    const last = (path.at(-1)?.['String'] as { sval?: string } | undefined)?.sval ?? ''
    if (/^(?:ctid|xmax|cmin|cmax)$/.test(last)) this.#found.refuse('volatile', last)
    this.node({ arg: node['arg'], indirection: path.filter((part) => 'A_Indices' in part) }, scope)
  }
}

function schemaOf(relation: Node): string | undefined {
  return typeof relation['schemaname'] === 'string' ? relation['schemaname'] : undefined
}

function strings(list: unknown): string[] {
  return ((list ?? []) as readonly Node[]).map(
    (item) => (item['String'] as { sval?: string } | undefined)?.sval ?? '',
  )
}

/** The arguments of a call as words, for the rules that look at them. */
function argumentTokens(args: readonly Node[]): Token[] {
  const tokens: Token[] = []
  for (const [i, argument] of args.entries()) {
    if (i > 0) tokens.push(word('op', ',', ''))
    const constant = argument['A_Const'] as Node | undefined
    if (constant !== undefined && 'sval' in constant) {
      tokens.push(word('string', '', (constant['sval'] as { sval?: string }).sval ?? ''))
    } else if (constant !== undefined && ('ival' in constant || 'fval' in constant))
      tokens.push(word('number', '', ''))
    else if ('ParamRef' in argument) tokens.push(word('param', '$', ''))
    else tokens.push(word('word', 'X', 'x'))
  }
  return tokens
}

function word(kind: Token['kind'], text: string, name: string): Token {
  return { kind, text, name, start: 0, end: 0, plain: false, match: -1 }
}
