import { createHash } from 'node:crypto'

/**
 * What things are called on the server: `<prefix><namespace>:e:<key>` is an entry or its placeholder, `:l:` the lock
 * of its lease, `:t:<tag>` a tag's record, and `:s` the namespace's own.
 *
 * A namespace has no `:`, so two of them cannot run into each other. Memcached's names end at 250 bytes; memjs sends
 * longer ones all the same, which the server answers in a way that ends the connection for everybody on it.
 */
export class Names {
  readonly space: string
  readonly #entry: string
  readonly #lock: string
  readonly #tag: string

  constructor(prefix: string, namespace: string) {
    const scope = scopeOf(prefix + namespace)
    this.space = `${scope}:s`
    this.#entry = `${scope}:e:`
    this.#lock = `${scope}:l:`
    this.#tag = `${scope}:t:`
  }

  entry(key: string): string {
    return this.#entry + key
  }

  lock(key: string): string {
    return this.#lock + key
  }

  tag(tag: string): string {
    return this.#tag + tag
  }
}

/** 250 bytes, less 180 for the longest key and 3 for what it is. */
const LONGEST_SCOPE = 67

/** A scope that is too long becomes its beginning and a digest of the whole. */
function scopeOf(scope: string): string {
  if (scope.length <= LONGEST_SCOPE) return scope
  const digest = createHash('sha256').update(scope).digest('base64url')
  return `${scope.slice(0, LONGEST_SCOPE - 1 - digest.length)}~${digest}`
}
