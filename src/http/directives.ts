import { splitList } from './fields.js'
import { isToken, trimWhitespace, unquote } from './tokens.js'

/** One member of a `Cache-Control` field. */
export interface Directive {
  /** Lower-case. */
  readonly name: string
  /** The argument without its quotes; `undefined` when there is none. */
  readonly argument: string | undefined
  /** False when there is an argument that is neither a token nor a quoted string, or whitespace around the `=`. */
  readonly valid: boolean
}

/**
 * The members of a `Cache-Control` field, in order (RFC 9111 section 5.2).
 *
 * A member whose argument is malformed is kept and marked: what restricts a cache restricts it even when garbled. A member
 * that has no readable name is left out.
 */
export function parseDirectives(value: string): Directive[] {
  const directives: Directive[] = []
  for (const member of splitList(value)) {
    const equals = member.indexOf('=')
    const name = equals === -1 ? member : member.slice(0, equals)
    const bare = trimWhitespace(name)
    if (!isToken(bare)) continue
    const written = equals === -1 ? undefined : member.slice(equals + 1)
    const argument = written === undefined || isToken(written) ? written : unquote(written)
    directives.push({
      name: bare.toLowerCase(),
      argument,
      valid: bare === name && (written === undefined || argument !== undefined),
    })
  }
  return directives
}

/** The field names in the argument of `no-cache` or `private`; `undefined` when there are none or one is not a name. */
export function parseFieldNames(argument: string | undefined): readonly string[] | undefined {
  if (argument === undefined) return undefined
  const names = splitList(argument)
  if (names.length === 0 || !names.every(isToken)) return undefined
  return names.map((name) => name.toLowerCase())
}
