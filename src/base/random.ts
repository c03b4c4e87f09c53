import { randomBytes } from 'node:crypto'

/** Where chance comes from, so that a test can repeat it. */
export interface Random {
  /** A number from 0 up to but not including 1. */
  fraction(): number
  /** Twelve characters of base64url, 72 random bits: never the same twice, and nobody can guess one. */
  token(): string
}

const POOL_BYTES = 9 * 256
let pool = Buffer.alloc(0)
let used = 0

/** The machine's own randomness; tokens are cut from a pool so that one costs no system call. */
export const systemRandom: Random = {
  fraction: Math.random,
  token() {
    if (used + 9 > pool.length) {
      pool = randomBytes(POOL_BYTES)
      used = 0
    }
    const token = pool.toString('base64url', used, used + 9)
    used += 9
    return token
  },
}
