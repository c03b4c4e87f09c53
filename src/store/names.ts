import { hash } from 'node:crypto'
import { invalidOption } from '../base/errors.js'

/**
 * Names of keys and tags on a server: printable ASCII without space, `{` and `}`, at most 180 bytes.
 *
 * A key is written as it is, each other byte of its UTF-8 as `%` and two digits, and the U+0001 that marks
 * a structure as a leading `~`. What would be longer than 180 is cut: 60 characters a person can
 * recognise, then `~` and the SHA-256 of the whole. A readable name has `~` nowhere but at its beginning,
 * a digested one has it after that, so neither can be the other.
 */
const MAX_NAME = 180
const PREFIX = 60
const READABLE = /^[!-$&-z|]{1,180}$/
const DIGEST_LENGTH = 43

export interface RemoteName {
  readonly name: string
  /** True when the name holds a digest: then the entry carries its whole key. */
  readonly digested: boolean
}

/** Whether a character of ASCII stands for itself in a name. */
const IS_PLAIN = Uint8Array.from({ length: 128 }, (_, code) =>
  READABLE.test(String.fromCharCode(code)) ? 1 : 0,
)

/** Not looked up on each text: V8 has half a dozen kinds of them, and a look-up that met more than four takes 8 ns each time. */
// oxlint-disable-next-line typescript/unbound-method
const { charCodeAt } = String.prototype

/**
 * The hash of a key that is its own name, `nameHash` as a signed number; 0 for any other, and for the one in four billion whose
 * hash that is.
 */
export function plainHash(key: string): number {
  const { length } = key
  if (length === 0 || length > MAX_NAME) return 0
  let hash = 0x811c9dc5 | 0
  for (let at = 0; at < length; at++) {
    const code = charCodeAt.call(key, at)
    if (IS_PLAIN[code] !== 1) return 0
    hash = Math.imul(hash ^ code, 0x01000193)
  }
  return hash
}

/** The name of a canonical key on a server; undefined where that holds a digest. Makes nothing for a key that is its own name. */
export function shortName(canonical: string): string | undefined {
  if (READABLE.test(canonical)) return canonical
  const { name, digested } = remoteName(canonical)
  return digested ? undefined : name
}

/** The name of a canonical key, or of a tag, on a server. */
export function remoteName(canonical: string): RemoteName {
  if (READABLE.test(canonical)) return { name: canonical, digested: false }
  if (canonical.charCodeAt(0) === 1 && canonical.length <= MAX_NAME) {
    const text = canonical.slice(1)
    if (READABLE.test(text)) return { name: `~${text}`, digested: false }
  }
  if (canonical.length <= MAX_NAME) {
    const name = escape(canonical)
    if (name.length <= MAX_NAME) return { name, digested: false }
  }
  const prefix = escape(canonical.slice(0, PREFIX)).slice(0, PREFIX)
  return { name: `${prefix}~${hash('sha256', canonical, 'base64url')}`, digested: true }
}

function escape(text: string): string {
  return text.charCodeAt(0) === 1 ? `~${escapeBytes(text.slice(1))}` : escapeBytes(text)
}

function escapeBytes(text: string): string {
  return text.replaceAll(/[^!-$&-z|]/gu, (odd) => {
    if (odd.length === 1 && odd.charCodeAt(0) < 128) return percent(odd.charCodeAt(0))
    let escaped = ''
    for (const byte of Buffer.from(odd)) escaped += percent(byte)
    return escaped
  })
}

function percent(byte: number): string {
  return `%${byte < 16 ? '0' : ''}${byte.toString(16).toUpperCase()}`
}

/**
 * The record of a namespace that every tag invalidation replaces, before it replaces the tag's own. A load that learns of a
 * tag only while it runs compares this record with what it was when the load began. No tag has this name: `%e` is no escape.
 */
export const EPOCH_NAME = '%epoch'

const MAX_NAMESPACE_BYTES = 100
const MAX_SAFE_NAMESPACE = 64

/**
 * A namespace as at most 64 letters, digits, `-`, `_`, `.` and `%`: other bytes are escaped, so that no two
 * namespaces share a form; a form that would be longer ends in `%-` and a digest, which no escape looks like.
 *
 * @throws {CacheError} `CACHE_OPTION_INVALID` unless it is a well-formed string of 1 to 100 bytes.
 */
export function safeNamespace(namespace: string): string {
  if (
    typeof namespace !== 'string' ||
    namespace === '' ||
    !namespace.isWellFormed() ||
    Buffer.byteLength(namespace) > MAX_NAMESPACE_BYTES
  ) {
    throw invalidOption(
      'namespace',
      `a string of 1 to ${MAX_NAMESPACE_BYTES} bytes, without lone surrogates`,
      namespace,
    )
  }
  let safe = ''
  for (const byte of Buffer.from(namespace)) {
    const character = String.fromCharCode(byte)
    safe += /[\w.-]/.test(character) ? character : percent(byte)
  }
  if (safe.length <= MAX_SAFE_NAMESPACE) return safe
  const prefix = safe.slice(0, MAX_SAFE_NAMESPACE - DIGEST_LENGTH - 2)
  return `${prefix}%-${hash('sha256', namespace, 'base64url')}`
}
