import type { Analysis } from '../../src/query/sql/index.js'

/** What Kysely's syntax tree says of a query. */
export interface Learned {
  /** `SelectQueryNode`, `InsertQueryNode`, ... */
  readonly kind: string
  /** Tables by name, with a schema where the tree has one; names of common table expressions are not among them. */
  readonly tables: readonly string[]
  /** The functions it calls. */
  readonly functions: readonly string[]
  /** It holds pieces of SQL of the application's, which say more than the tree. */
  readonly hasRaw: boolean
  /** It locks rows, or explains instead of reading. */
  readonly isOther: boolean
  /** It has common table expressions, whose names may hide tables. */
  readonly hasExpressions: boolean
}

interface Node {
  readonly kind: string
  readonly [name: string]: unknown
}

const known = new WeakMap<object, Learned>()

/** Reads a tree, once. */
export function learn(root: object): Learned {
  const before = known.get(root)
  if (before !== undefined) return before
  const tables = new Set<string>()
  const expressions = new Set<string>()
  const functions = new Set<string>()
  let hasRaw = false
  let isOther = false
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) return value.forEach(visit)
    if (typeof value !== 'object' || value === null) return
    const node = value as Partial<Node>
    switch (node.kind) {
      case 'TableNode':
        tables.add(nameOf(node['table']))
        return
      case 'CommonTableExpressionNameNode':
        expressions.add(nameOf((node['table'] as Partial<Node> | undefined)?.['table']))
        return
      case 'RawNode':
        // Names and values are raw nodes too, made of nodes alone.
        if ((node['sqlFragments'] as readonly string[]).some((text) => text.trim() !== ''))
          hasRaw = true
        break
      case 'FunctionNode':
      case 'AggregateFunctionNode':
        functions.add(String(node['func']).toLowerCase())
        break
      case 'SelectModifierNode':
        if (node['modifier'] !== 'Distinct') isOther = true
        break
      case 'ExplainNode':
        isOther = true
        break
      default:
    }
    for (const part of Object.values(node)) visit(part)
  }
  visit(root)
  const learned: Learned = Object.freeze({
    kind: (root as Node).kind,
    tables: [...tables].filter((name) => !expressions.has(name)),
    functions: [...functions],
    hasRaw,
    isOther,
    hasExpressions: expressions.size > 0,
  })
  known.set(root, learned)
  return learned
}

function nameOf(node: unknown): string {
  const { schema, identifier } = node as {
    readonly schema?: { readonly name: string }
    readonly identifier: { readonly name: string }
  }
  return schema === undefined ? identifier.name : `${schema.name}.${identifier.name}`
}

/** Functions that depend on their arguments alone in all three dialects. */
const PLAIN = new Set(
  'count sum avg min max coalesce nullif lower upper length trim abs round concat substring replace'.split(
    ' ',
  ),
)

/**
 * The tables to name for a read besides what its text shows: those that the tree has and the text did not give away; or all of them
 * when the text was not understood and the tree leaves nothing open. Undefined when the text says it all, and then it says more: which
 * rows.
 */
export function tablesBesides(
  { kind, tables, functions, hasRaw, isOther, hasExpressions }: Learned,
  analysis: Analysis,
): readonly string[] | undefined {
  if (kind !== 'SelectQueryNode' || isOther) return undefined
  const isUnderstood = analysis.kind === 'read' && analysis.refusals.length === 0
  if (isUnderstood) {
    const seen = new Set([...analysis.reads, ...analysis.writes].map(bare))
    return tables.every((name) => seen.has(bare(name))) ? undefined : tables
  }
  const isOpen =
    hasRaw || hasExpressions || tables.length === 0 || functions.some((name) => !PLAIN.has(name))
  const isUnclear = analysis.refusals.every(({ reason }) => reason === 'syntax')
  return isOpen || !isUnclear ? undefined : tables
}

function bare(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1).toLowerCase()
}
