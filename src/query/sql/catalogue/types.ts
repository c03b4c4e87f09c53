import type { Dialect, Operation } from '../types.js'

/**
 * What a database says about itself, as far as it decides what a statement touches besides what its text names: views, partitions,
 * foreign keys, triggers, functions, policies. A plain value made from rows (`CATALOGUE_SQL`, `readCatalogue`), with no connection in
 * it; whoever holds it loads it again after a definition changes.
 */
export interface Catalogue {
  readonly dialect: Dialect
  /** By `tableName(schema, name)`. */
  readonly relations: ReadonlyMap<string, CatalogueRelation>
  /** Functions and procedures that are not the database's own, by name without a schema (MySQL and SQLite: lower case). */
  readonly routines: ReadonlyMap<string, readonly Routine[]>
  /** Names of operators that are not PostgreSQL's own and depend on their two sides only. */
  readonly plainOperators: ReadonlySet<string>
  /** Types that are not PostgreSQL's own and turn a text into a value without asking anything: by name, and by `schema.name`. */
  readonly plainTypes: ReadonlySet<string>
}

export type RelationKind =
  | 'table'
  | 'view'
  /** A materialized view: its rows change when it is refreshed. */
  | 'materialized'
  /** Rows come from elsewhere and change without a word: a foreign table, a virtual one of an unknown module. */
  | 'foreign'
  | 'sequence'

export interface CatalogueRelation {
  readonly schema: string
  readonly name: string
  readonly kind: RelationKind
  /** Exists for one connection only. */
  readonly temporary: boolean
  readonly columns: readonly Column[]
  /** The columns of the primary key in its order; empty when there is none. */
  readonly primaryKey: readonly string[]
  /** What it is a partition of or inherits from, by `tableName`. */
  readonly parents: readonly string[]
  /** What a view (or the content of a full text index) is made of, by `tableName`; of a table, what its policies and checks read. */
  readonly behind: readonly string[]
  /** MySQL: its engine knows no transactions. What is written is there at once, and stays when the statement or its transaction fails. */
  readonly lasting?: boolean
  /** The query of a view. */
  readonly definition: string | undefined
  /** Functions that are not the database's own in its view, defaults, checks or policies, by `tableName`. */
  readonly calls: readonly string[]
  readonly triggers: readonly Trigger[]
  /** Foreign keys of other tables that look here. */
  readonly referencedBy: readonly Reference[]
  /** PostgreSQL rules besides the one of a view: a change may turn into another. */
  readonly rules: boolean
  /** Rows depend on who asks. */
  readonly rowSecurity: boolean
  /** The conditions of its policies, where row security is on. */
  readonly policies?: readonly string[]
}

export interface Column {
  readonly name: string
  /** How equal values look equal; see `canonicalValue`. */
  readonly comparison: Comparison
  /** Its value follows from other columns, or from the moment. */
  readonly generated: boolean
  /** PostgreSQL: an INSERT may put the next number in place of the value it gives (OVERRIDING USER VALUE). An UPDATE does not. */
  readonly identity?: boolean
  /** MySQL: a time of day, which becomes a moment of today where a date is wanted. */
  readonly timeOfDay: boolean
  /** A missing value, and in MySQL 0, is replaced by the next number. */
  readonly counted: boolean
}

/**
 * How a column's values compare: which values that SQL calls equal are one text.
 *
 * - `integer`: whole numbers in these bounds, and texts that are one in its shortest form.
 * - `text`: texts, byte by byte. `folded`: letters and digits of ASCII, whatever their case.
 * - `none`: not known; no claim about a row can be made by it.
 */
export type Comparison =
  | { readonly as: 'integer'; readonly least: bigint; readonly most: bigint }
  | { readonly as: 'text'; readonly longest: number; readonly ascii: boolean }
  | { readonly as: 'folded'; readonly longest: number }
  | { readonly as: 'uuid' | 'boolean' | 'none' }

export interface Trigger {
  readonly name: string
  readonly operations: readonly Operation[]
  /** Runs before a row is written and may change it; or instead of writing it. */
  readonly timing: 'before' | 'after' | 'instead'
  /** PostgreSQL: the function, by `tableName`. */
  readonly routine: string | undefined
  /** MySQL, SQLite: the statements. */
  readonly body: string | undefined
}

/** A foreign key, seen from the table it looks at. */
export interface Reference {
  /** The table that has it, by `tableName`. */
  readonly from: string
  readonly columns: readonly string[]
  /** What happens to the rows there. */
  readonly onDelete: 'nothing' | 'delete' | 'update'
  readonly onUpdate: 'nothing' | 'update'
}

export interface Routine {
  readonly schema: string
  readonly name: string
  readonly language: string
  /** IMMUTABLE, STABLE (MySQL: READS SQL DATA and less) or VOLATILE. */
  readonly volatility: 'immutable' | 'stable' | 'volatile'
  readonly aggregate: boolean
  readonly body: string | undefined
  /** The extension it came with. */
  readonly extension: string | undefined
  /** Takes one row of a table as its only argument, so that `row.name` calls it. */
  readonly ofRow: boolean
  /** MySQL: the names of its parameters. */
  readonly parameters?: readonly string[]
  /** `SET search_path` of its own. */
  readonly searchPath: readonly string[] | undefined
}

/** The one name of a table in tags and maps: `schema.name`, with quotes around a part that has a dot or a quote in it. */
export function tableName(schema: string, name: string): string {
  return `${part(schema)}.${part(name)}`
}

function part(name: string): string {
  return /[."]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name
}
