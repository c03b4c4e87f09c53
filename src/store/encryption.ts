import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  type KeyObject,
  randomFillSync,
} from 'node:crypto'
import { invalidOption } from '../base/errors.js'

/**
 * Payloads encrypted at rest: AES-256-GCM, a random 96-bit nonce each.
 *
 * What is not secret but must not be exchanged (the entry's name, its header, its tags) is authenticated
 * with the payload. Layout: length of the key's id (1 byte), id, nonce (12), tag (16), ciphertext.
 */
export interface EncryptionKey {
  /** Names the key in entries: 1 to 32 letters, digits, `-`, `_` or `.`. Not secret. */
  readonly id: string
  /** 32 bytes, or their hex or base64 form. Not a passphrase. */
  readonly key: Uint8Array | string
}

export interface EncryptionOptions {
  /** The first encrypts, all decrypt: to rotate, put the new key first and drop the old one when its entries have expired. */
  readonly keys: readonly EncryptionKey[]
}

export interface Encryption {
  /** How many bytes stand before the ciphertext. */
  readonly overhead: number
  /** `sealed` has `overhead` bytes of room, then the payload, which gives way to its ciphertext. */
  encryptInPlace(sealed: Buffer, authenticated: Buffer): void
  /** The id of the key that this payload needs and that is not among ours, if so. */
  lostKey(sealed: Buffer): string | undefined
  /** Throws when the key is unknown, or payload or `authenticated` are not those that were encrypted. */
  decrypt(sealed: Buffer, authenticated: Buffer): Buffer
}

const NONCE = 12
const TAG = 16
const CIPHER = 'aes-256-gcm'

/** @throws {CacheError} `CACHE_OPTION_INVALID` for no key, a repeated id, a key that is not 32 bytes. Keys are never shown. */
export function createEncryption(options: EncryptionOptions): Encryption {
  if (typeof options !== 'object' || options === null || !Array.isArray(options.keys)) {
    const received: unknown = typeof options
    throw invalidOption('encryption', 'an object of { keys: [{ id, key }, …] }', received)
  }
  const unknown = Object.keys(options).find((name) => name !== 'keys')
  if (unknown !== undefined) throw invalidOption(`encryption.${unknown}`, 'left out', unknown)
  const keys = new Map<string, KeyObject>()
  for (const [index, given] of options.keys.entries()) {
    const option = `encryption.keys[${index}]`
    if (typeof given !== 'object' || given === null) {
      throw invalidOption(option, '{ id, key }', typeof given)
    }
    const { id, key } = given as EncryptionKey
    if (typeof id !== 'string' || !/^[\w.-]{1,32}$/.test(id) || keys.has(id)) {
      throw invalidOption(`${option}.id`, "1 to 32 letters, digits, '-', '_', '.', used once", id)
    }
    keys.set(id, createSecretKey(keyBytes(key, `${option}.key`)))
  }
  const [first] = keys
  if (first === undefined) {
    throw invalidOption('encryption.keys', 'a list of at least one { id, key }', options.keys)
  }
  const [id, key] = first
  const head = Buffer.from(`${String.fromCharCode(id.length)}${id}`, 'latin1')
  return {
    overhead: head.length + NONCE + TAG,
    encryptInPlace(sealed, authenticated) {
      const nonceAt = head.length
      const nonce = takeNonce()
      const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG })
      cipher.setAAD(authenticated)
      const body = cipher.update(sealed.subarray(nonceAt + NONCE + TAG))
      cipher.final()
      sealed.set(head, 0)
      sealed.set(nonce, nonceAt)
      sealed.set(cipher.getAuthTag(), nonceAt + NONCE)
      sealed.set(body, nonceAt + NONCE + TAG)
    },
    lostKey(sealed) {
      const needed = keyId(sealed)
      return keys.has(needed) ? undefined : needed
    },
    decrypt(sealed, authenticated) {
      const needed = keyId(sealed)
      const found = keys.get(needed)
      if (found === undefined) throw new TypeError(`no key ${needed}`)
      const nonceAt = 1 + needed.length
      const tagAt = nonceAt + NONCE
      if (sealed.length < tagAt + TAG) throw new RangeError('cut off')
      const nonce = sealed.subarray(nonceAt, tagAt)
      const decipher = createDecipheriv(CIPHER, found, nonce, { authTagLength: TAG })
      decipher.setAAD(authenticated)
      decipher.setAuthTag(sealed.subarray(tagAt, tagAt + TAG))
      const body = decipher.update(sealed.subarray(tagAt + TAG))
      decipher.final()
      return body
    },
  }
}

function keyId(sealed: Buffer): string {
  return sealed.toString('latin1', 1, 1 + (sealed[0] ?? 0))
}

function keyBytes(key: unknown, option: string): Uint8Array {
  const bytes = typeof key === 'string' ? fromText(key) : key
  if (bytes instanceof Uint8Array && bytes.length === 32) return bytes
  const received = bytes instanceof Uint8Array ? `${bytes.length} bytes` : typeof key
  throw invalidOption(option, '32 bytes, or their hex or base64 form (not shown)', received)
}

function fromText(text: string): Buffer | undefined {
  if (/^[\da-f]{64}$/i.test(text)) return Buffer.from(text, 'hex')
  return /^[\w+/-]{43}=?$/.test(text) ? Buffer.from(text, 'base64') : undefined
}

const pool = Buffer.alloc(NONCE * 256)
let used = pool.length

/** Nonces cut from a pool, so that one costs no system call. */
function takeNonce(): Buffer {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  used += NONCE
  return Buffer.from(pool.subarray(used - NONCE, used))
}
