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
  /** How many bytes `encrypt` adds. */
  readonly overhead: number
  encrypt(payload: Buffer, authenticated: Buffer): Buffer
  /** Whether the key of this payload is known; else what its id is. */
  knows(sealed: Buffer): true | string
  /** Throws when the key is unknown, or payload or `authenticated` are not those that were encrypted. */
  decrypt(sealed: Buffer, authenticated: Buffer): Buffer
}

const NONCE = 12
const TAG = 16
const CIPHER = 'aes-256-gcm'

/** @throws {CacheError} `CACHE_OPTION_INVALID` for no key, a repeated id, a key that is not 32 bytes. Keys are never shown. */
export function createEncryption(options: EncryptionOptions): Encryption {
  const keys = new Map<string, KeyObject>()
  const given: readonly EncryptionKey[] = Array.isArray(options?.keys) ? options.keys : []
  for (const [index, { id, key }] of given.entries()) {
    const option = `encryption.keys[${index}]`
    if (typeof id !== 'string' || !/^[\w.-]{1,32}$/.test(id) || keys.has(id)) {
      throw invalidOption(`${option}.id`, "1 to 32 letters, digits, '-', '_', '.', used once", id)
    }
    keys.set(id, createSecretKey(keyBytes(key, `${option}.key`)))
  }
  const [first] = keys
  if (first === undefined) {
    throw invalidOption('encryption.keys', 'a list of at least one { id, key }', options?.keys)
  }
  const [id, key] = first
  const head = Buffer.from(`${String.fromCharCode(id.length)}${id}`, 'latin1')
  return {
    overhead: head.length + NONCE + TAG,
    encrypt(payload, authenticated) {
      const nonce = takeNonce()
      const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG })
      cipher.setAAD(authenticated)
      const body = cipher.update(payload)
      cipher.final()
      return Buffer.concat([head, nonce, cipher.getAuthTag(), body])
    },
    knows(sealed) {
      const id = keyId(sealed)
      return keys.has(id) || id
    },
    decrypt(sealed, authenticated) {
      const id = keyId(sealed)
      const key = keys.get(id)
      if (key === undefined) throw new TypeError(`no key ${id}`)
      const start = 1 + id.length
      const nonce = sealed.subarray(start, start + NONCE)
      const tag = sealed.subarray(start + NONCE, start + NONCE + TAG)
      if (tag.length !== TAG) throw new RangeError('cut off')
      const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG })
      decipher.setAAD(authenticated)
      decipher.setAuthTag(tag)
      const body = decipher.update(sealed.subarray(start + NONCE + TAG))
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
