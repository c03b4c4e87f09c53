/**
 * - `word`: an unquoted name or keyword; `text` is its upper case.
 * - `quoted`: a quoted name.
 * - `string`: a text constant. `either`: MySQL's `"..."`, a string or, with ANSI_QUOTES, a name.
 * - `param`: a placeholder; `name` is its name or its number.
 * - `variable`: MySQL's `@x` and `@@x`.
 * - `op`: an operator or a punctuation mark; `text` is the mark.
 */
export type TokenKind =
  'word' | 'quoted' | 'string' | 'either' | 'number' | 'param' | 'variable' | 'op' | 'end'

export interface Token {
  readonly kind: TokenKind
  readonly text: string
  /** A name folded by the rules of the dialect; what a string says; the digits of a number. */
  readonly name: string
  readonly start: number
  readonly end: number
  /** A string without a prefix, an escape or a continuation: `name` is its value under every setting. */
  readonly plain: boolean
  /** For a bracket: the index of the token that closes or opens it. */
  match: number
}

/**
 * What a text cannot tell about itself: settings of the session that decide how it is read. A mode is one choice of them, and a
 * text is read in every mode that makes a difference to it.
 */
export interface Mode {
  /** A backslash in `'...'` escapes. PostgreSQL: standard_conforming_strings off; MySQL: NO_BACKSLASH_ESCAPES off. */
  readonly single: boolean
  /** MySQL: a backslash in `"..."` escapes, which ANSI_QUOTES and NO_BACKSLASH_ESCAPES end. */
  readonly double: boolean
  /** MySQL: comments for certain versions (`/*!80000`) and for MariaDB (`/*M!`) are code. */
  readonly conditional: boolean
}

/** The text cannot be read: not SQL as we know it, or ambiguous. Never leaves this folder. */
export class Unreadable extends Error {
  readonly at: number
  /** The server itself could not cut this into words, so it would do nothing. */
  readonly impossible: boolean

  constructor(what: string, at: number, impossible = false) {
    super(what)
    this.at = at
    this.impossible = impossible
  }
}
