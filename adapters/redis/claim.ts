import type { Gained } from '../../src/store/store.js'
import type { Argument } from './client.js'
import type { Names } from './names.js'
import { acquireArguments, type Terms } from './one-key.js'
import { versionIn } from './records.js'

/** One key on a sheet, with the wish to have its lease if nothing is there. */
export class Claim {
  /** Once there is an answer: the lease, if it was given. */
  gained: Gained | undefined
  readonly #key: string
  readonly #also: string
  readonly #terms: Terms
  readonly #token: string

  constructor(key: string, also: string, terms: Terms, token: string) {
    this.#key = key
    this.#also = also
    this.#terms = terms
    this.#token = token
  }

  /** What the script is given, in place of a read of `names`: the namespace's record, the entry, and records of tags. */
  arguments(naming: Names, names: readonly string[]): Argument[] {
    const records = [...names.slice(2), naming.tag(this.#also), names[0]!]
    return acquireArguments(naming, this.#key, records, this.#token, this.#terms, true)
  }

  /** Takes what the script answered; returns it as the read would have. */
  answered(reply: readonly unknown[]): (Buffer | null)[] {
    const leasedAt = reply.length - 1
    const isLooked = Buffer.isBuffer(reply[0])
    const spaceAt = isLooked ? leasedAt : leasedAt - 1
    const [space, also] = [versionIn(reply[spaceAt]), versionIn(reply[spaceAt - 1])]
    const isLeased = !isLooked && reply[leasedAt] === 1
    if (isLeased && typeof space === 'string' && typeof also === 'string') {
      this.gained = { lease: { token: this.#token }, space, also }
    }
    return [bytesIn(reply[spaceAt]), bytesIn(reply[0]), ...reply.slice(1, spaceAt - 1).map(bytesIn)]
  }
}

/** What a read says in the place of a record that could not be made. */
function bytesIn(answer: unknown): Buffer | null {
  return Buffer.isBuffer(answer) ? answer : null
}
