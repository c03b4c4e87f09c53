/** What can go wrong, as a promise to callers: codes stay, messages may improve. */
export type CacheErrorCode =
  /** An option, duration or argument that is not what its documentation asks for. */
  | 'CACHE_OPTION_INVALID'
  /** A key that is empty, not well-formed text, or holds something that has no canonical form. */
  | 'CACHE_KEY_INVALID'
  /** A tag that is not a non-empty well-formed string. */
  | 'CACHE_TAG_INVALID'
  /** A value that cannot be kept faithfully: a function, a class instance without a codec. */
  | 'CACHE_VALUE_INVALID'
  /** A stored value that is not a number was incremented. */
  | 'CACHE_NOT_A_NUMBER'
  /** Stored bytes that cannot be read: truncated, foreign, of an unknown version, of a lost key. */
  | 'CACHE_ENTRY_INVALID'
  /** A loader asked, while running, for the very key it is loading. */
  | 'CACHE_LOADER_CYCLE'
  /** A loader took longer than the hard timeout. */
  | 'CACHE_TIMEOUT'
  /** A store did not answer within its deadline, or its circuit is open. */
  | 'CACHE_STORE_UNAVAILABLE'
  /** An invalidation could not be delivered yet, and the caller asked to know. */
  | 'CACHE_INVALIDATION_PENDING'
  /** The cache was used after `close()`. */
  | 'CACHE_CLOSED'
  /** A client library that an adapter needs is not installed. */
  | 'CACHE_PEER_MISSING'
  /** Something private or uncacheable was asked for while something shared was being made. */
  | 'CACHE_SCOPE_VIOLATION'
  /** Something that this store, this client or this Node does not have. */
  | 'CACHE_UNSUPPORTED'

export interface CacheErrorDetails {
  /** What was thrown underneath, if anything. */
  readonly cause?: unknown
  /** The option concerned, as the caller wrote it: `ttl`, `tiers[1]`. */
  readonly option?: string
  /** The key or tag concerned, in readable form. */
  readonly key?: string
  /** The value that was received. */
  readonly received?: unknown
}

/** The one error class of keepfresh: a stable `code`, a message that says what to do. */
export class CacheError extends Error {
  override readonly name = 'CacheError'
  readonly code: CacheErrorCode
  readonly option: string | undefined
  readonly key: string | undefined
  readonly received: unknown

  constructor(code: CacheErrorCode, message: string, details: CacheErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.option = details.option
    this.key = details.key
    this.received = details.received
  }
}

/** A wrong option: names it, says what was expected and shows what came. */
export function invalidOption(option: string, expected: string, received: unknown): CacheError {
  return new CacheError(
    'CACHE_OPTION_INVALID',
    `${option} must be ${expected}; received ${describe(received)}`,
    {
      option,
      received,
    },
  )
}

/** A short, safe rendering of any value for a message. */
export function describe(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value)
    case 'bigint':
      return `${value}n`
    case 'function':
      return `function ${value.name || '(anonymous)'}`
    case 'object':
      return value === null ? 'null' : `an object of ${constructorName(value)}`
    default:
      return String(value)
  }
}

function constructorName(value: object): string {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === null) return 'no class'
  const { constructor } = prototype as { constructor?: { name?: unknown } }
  return typeof constructor?.name === 'string' && constructor.name !== ''
    ? constructor.name
    : 'an unnamed class'
}
