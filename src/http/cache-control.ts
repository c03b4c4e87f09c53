import { parseDeltaSeconds } from './delta-seconds.js'
import { type Directive, parseDirectives, parseFieldNames } from './directives.js'

/** A directive this package has no meaning for, kept as it came. */
export interface ExtensionDirective {
  readonly name: string
  readonly argument: string | undefined
}

/**
 * What a response says to caches (RFC 9111 section 5.2.2, RFC 5861, RFC 8246). Lengths are seconds.
 *
 * The object is plain data of one shape: keep it with the stored response rather than parse again.
 */
export interface ResponseDirectives {
  /** `undefined` when absent. Zero when its argument cannot be read or several values disagree (section 4.2.1). */
  readonly maxAge: number | undefined
  /** As `maxAge`, for shared caches. */
  readonly sMaxAge: number | undefined
  /** The unqualified form: not to be reused without validation. */
  readonly noCache: boolean
  /** `no-cache="a, b"`: these fields are not to be stored. */
  readonly noCacheFields: readonly string[]
  readonly noStore: boolean
  /** The unqualified form: not for shared caches. */
  readonly private: boolean
  /** `private="a, b"`: these fields are not for shared caches. */
  readonly privateFields: readonly string[]
  readonly public: boolean
  readonly mustRevalidate: boolean
  readonly proxyRevalidate: boolean
  readonly mustUnderstand: boolean
  readonly noTransform: boolean
  readonly immutable: boolean
  readonly staleWhileRevalidate: number | undefined
  readonly staleIfError: number | undefined
  readonly extensions: readonly ExtensionDirective[]
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** A response that says nothing to caches. */
export const NO_DIRECTIVES: ResponseDirectives = Object.freeze(emptyDirectives())

function emptyDirectives(): Mutable<ResponseDirectives> {
  return {
    maxAge: undefined,
    sMaxAge: undefined,
    noCache: false,
    noCacheFields: [],
    noStore: false,
    private: false,
    privateFields: [],
    public: false,
    mustRevalidate: false,
    proxyRevalidate: false,
    mustUnderstand: false,
    noTransform: false,
    immutable: false,
    staleWhileRevalidate: undefined,
    staleIfError: undefined,
    extensions: [],
  }
}

/**
 * The directives of a response's `Cache-Control`.
 *
 * Doubt is resolved towards caching less: what restricts counts even when its argument is malformed, what permits counts
 * only when it is well formed.
 */
export function parseCacheControl(value: string | undefined): ResponseDirectives {
  return value === undefined ? NO_DIRECTIVES : collectDirectives(parseDirectives(value))
}

/** The meaning of a list of response directives, wherever they were written. */
export function collectDirectives(directives: readonly Directive[]): ResponseDirectives {
  const result = emptyDirectives()
  const extensions: ExtensionDirective[] = []
  for (const directive of directives) {
    const { name, argument, valid } = directive
    switch (name) {
      case 'max-age':
        result.maxAge = lifetime(directive, result.maxAge)
        break
      case 's-maxage':
        result.sMaxAge = lifetime(directive, result.sMaxAge)
        break
      case 'stale-while-revalidate':
        result.staleWhileRevalidate = permission(directive, result.staleWhileRevalidate)
        break
      case 'stale-if-error':
        result.staleIfError = permission(directive, result.staleIfError)
        break
      case 'no-cache': {
        const names = valid ? parseFieldNames(argument) : undefined
        if (names === undefined) result.noCache = true
        else result.noCacheFields = union(result.noCacheFields, names)
        break
      }
      case 'private': {
        const names = valid ? parseFieldNames(argument) : undefined
        if (names === undefined) result.private = true
        else result.privateFields = union(result.privateFields, names)
        break
      }
      case 'no-store':
        result.noStore = true
        break
      case 'must-revalidate':
        result.mustRevalidate = true
        break
      case 'proxy-revalidate':
        result.proxyRevalidate = true
        break
      case 'no-transform':
        result.noTransform = true
        break
      case 'public':
        result.public ||= valid
        break
      case 'must-understand':
        result.mustUnderstand ||= valid
        break
      case 'immutable':
        result.immutable ||= valid
        break
      default:
        extensions.push({ name, argument })
    }
  }
  result.extensions = extensions
  return result
}

/** A freshness lifetime: stale at once when it cannot be read, or when it is given twice with different values. */
function lifetime({ argument, valid }: Directive, before: number | undefined): number {
  const seconds = valid && argument !== undefined ? (parseDeltaSeconds(argument) ?? 0) : 0
  return before === undefined || before === seconds ? seconds : 0
}

/** A permission to serve stale: ignored when it cannot be read, and the shorter of two. */
function permission(
  { argument, valid }: Directive,
  before: number | undefined,
): number | undefined {
  const seconds = valid && argument !== undefined ? parseDeltaSeconds(argument) : undefined
  if (seconds === undefined || before === undefined) return seconds ?? before
  return Math.min(seconds, before)
}

function union(names: readonly string[], more: readonly string[]): readonly string[] {
  return [...new Set([...names, ...more])]
}
