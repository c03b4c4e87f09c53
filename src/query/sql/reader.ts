import { Findings } from './findings.js'
import { lowerAscii } from './lex/scan.js'
import { Unreadable, type Token } from './lex/token.js'
import type { QueryOutline } from './outline.js'
import { catalogueSchema, isCatalogue } from './system.js'
import type { Dialect, Kind, Operation } from './types.js'

/** The names of a WITH that are in sight, nearest first. */
export interface Scope {
  /** These are certain to be meant. */
  readonly names: Set<string>
  /** These are meant by one server or setting and a table by another. */
  readonly perhaps: Set<string>
  /** MySQL: `names` in lower case. */
  readonly folded: Set<string>
  readonly outer: Scope | undefined
}

/** The parts of the grammar that need each other; a file each, tied together in `grammar.ts`. */
export interface Grammar {
  /** Reads a query with all that may follow it, up to a closing bracket, a semicolon or the end. */
  readonly query: (r: Reader) => void
  /** Reads one INSERT, UPDATE, DELETE or MERGE inside a WITH. */
  readonly change: (r: Reader) => unknown
  /** Reads any statement. */
  readonly statement: (r: Reader) => Kind
}

/** Nesting deeper than this is not read: it would run out of stack long before a server does. */
const MAX_DEPTH = 100

const END: Token = { kind: 'end', text: '', name: '', start: 0, end: 0, plain: false, match: -1 }

/** Moves over the words of a text and collects what it finds. */
export class Reader {
  readonly dialect: Dialect
  readonly tokens: readonly Token[]
  readonly grammar: Grammar
  found: Findings = new Findings()
  scope: Scope | undefined = undefined
  outline: QueryOutline | undefined = undefined
  at = 0
  /** Inside GROUP BY, where ROLLUP and CUBE are words of their own. */
  grouping = false
  /** How many queries we are inside of. */
  level = 0
  #depth = 0

  constructor(tokens: readonly Token[], dialect: Dialect, grammar: Grammar) {
    this.tokens = tokens
    this.dialect = dialect
    this.grammar = grammar
  }

  get token(): Token {
    return this.tokens[this.at] ?? END
  }

  peek(ahead = 1): Token {
    return this.tokens[this.at + ahead] ?? END
  }

  next(): Token {
    const token = this.token
    if (token.kind !== 'end') this.at++
    return token
  }

  /** Whether the word (or mark) at hand is one of these. */
  is(...texts: readonly string[]): boolean {
    return isOne(this.token, texts)
  }

  /** Takes these words, all or none, in their order. */
  take(...texts: readonly string[]): boolean {
    for (let i = 0; i < texts.length; i++) {
      if (!isOne(this.peek(i), [texts[i] ?? ''])) return false
    }
    this.at += texts.length
    return true
  }

  /** Takes any of these if it is next. */
  takeOne(...texts: readonly string[]): boolean {
    if (!this.is(...texts)) return false
    this.at++
    return true
  }

  expect(...texts: readonly string[]): void {
    if (!this.take(...texts)) this.fail()
  }

  fail(what: string = this.token.text): never {
    throw new Unreadable(what, this.token.start)
  }

  /** Whether a statement ends here. */
  get done(): boolean {
    const { kind, text } = this.token
    return kind === 'end' || (kind === 'op' && text === ';')
  }

  deeper(read: () => void): void {
    if (++this.#depth > MAX_DEPTH) this.fail('depth')
    read()
    this.#depth--
  }

  /** Jumps behind the bracket that closes the one at hand. */
  skipBrackets(): void {
    const { match } = this.token
    if (match < this.at) this.fail()
    this.at = match + 1
  }

  get isName(): boolean {
    const { kind, text } = this.token
    if (kind === 'word' || kind === 'quoted') return true
    if (kind === 'either') return true
    return this.dialect === 'sqlite' && kind === 'string' && text === ''
  }

  /** One part of a name. */
  name(): Token {
    if (!this.isName) this.fail()
    const token = this.next()
    return token.kind === 'string' ? { ...token, name: lowerAscii(token.name) } : token
  }

  /** A name with what stands before it: `a`, `a.b`, `a.b.c`. */
  path(): Token[] {
    const parts = [this.name()]
    while (this.is('.') && parts.length < 4) {
      this.at++
      parts.push(this.name())
    }
    return parts
  }

  /** Notes that a table is read or changed. Names of a WITH and MySQL's `dual` are no tables. */
  use(parts: readonly Token[], operation: Operation): string {
    const last = parts.at(-1)
    if (last === undefined || parts.length > (this.dialect === 'postgres' ? 3 : 2))
      this.fail('name')
    const { name } = last
    const before = parts.at(-2)?.name
    if (before === undefined && operation === 'read') {
      if (this.#inScope(name)) return ''
      if (this.dialect === 'mysql' && last.kind === 'word' && last.text === 'DUAL') return ''
    }
    if (isCatalogue(this.dialect, before, name)) this.found.refuse('catalogue', name)
    if (before !== undefined && catalogueSchema(this.dialect, before) === 'temporary') {
      this.found.temporary = true
      if (this.dialect === 'postgres') this.found.refuse('session', before)
    }
    this.found.relation(before, name, operation)
    return before === undefined ? name : `${before}.${name}`
  }

  /** Notes that something more is done to a table that was met before. */
  note(table: string, operation: Operation): void {
    const relation = this.found.relations.get(table)
    if (relation && !relation.operations.includes(operation)) {
      relation.operations = [...relation.operations, operation]
    }
  }

  /** Takes back that a table is read, for the target of a change that was met in a list of tables. */
  unread(table: string): void {
    const relation = this.found.relations.get(table)
    if (relation?.mentions === 1) {
      relation.operations = relation.operations.filter((operation) => operation !== 'read')
    }
  }

  #inScope(name: string): boolean {
    for (let scope = this.scope; scope; scope = scope.outer) {
      if (scope.names.has(name)) return true
      // Whether names that differ in case are one is up to the server's file system, so a table may be meant.
      if (scope.perhaps.has(name) || scope.folded.has(name.toLowerCase())) return false
    }
    return false
  }
}

export function isOne(token: Token, texts: readonly string[]): boolean {
  return (token.kind === 'word' || token.kind === 'op') && texts.includes(token.text)
}
