import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type { Random } from '../../src/base/random.js'
import type { Sealed } from '../../src/store/envelope.js'

/** Randomness that repeats, so that bytes do. */
export const steadyRandom: Random = { fraction: () => 0.5, token: () => 'WWWWWWWWWWWW' }

export const KEY_1 = { id: 'k1', key: Buffer.alloc(32, 7) }
export const KEY_2 = { id: 'k2', key: Buffer.alloc(32, 8) }

/** An entry, with what a test cares about in place of the rest. */
export function entry(changes: Partial<Sealed> = {}): Sealed {
  return {
    key: 'user:5',
    name: 'user:5',
    digested: false,
    value: { id: 5, name: 'Ada' },
    loadedAt: 1_700_000_000_000,
    freshUntil: 1_700_000_060_000.5,
    staleUntil: Infinity,
    private: false,
    space: 'AAAAAAAAAAAA',
    tags: ['user:5', 'all'],
    versions: ['BBBBBBBBBBBB', 'CCCCCCCCCCCC'],
    delta: 12.5,
    ...changes,
  }
}

/** Makes the checksum right again, as one who means harm would. */
export function resum(bytes: Buffer): Buffer {
  const summed = Buffer.from(bytes)
  const end = summed.length - 4
  if (end >= 0) summed.writeUInt32LE(crc32(summed.subarray(0, end)), end)
  return summed
}

/** Bytes that do not compress, the same each time. */
export function noise(length: number): Buffer {
  return createHash('shake256', { outputLength: length }).update('noise').digest()
}
