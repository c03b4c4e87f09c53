import { describe, expect, test } from 'vitest'
import { createCompression } from '../../src/store/compression.js'
import { noise } from './envelopes.js'

const KB = 1_024

describe('compression', () => {
  test('leaves what is below the threshold as it is', () => {
    const bytes = Buffer.alloc(16 * KB - 1, 'abc')
    expect(createCompression().pack(bytes)).toEqual({ algorithm: 0, bytes })
    expect(createCompression({ threshold: 10 }).pack(Buffer.alloc(9))).toMatchObject({
      algorithm: 0,
    })
  })

  test('leaves what would hardly become smaller as it is', () => {
    const bytes = noise(20_000)
    const packed = createCompression({ algorithm: 'deflate' }).pack(bytes)
    expect(packed).toEqual({ algorithm: 0, bytes })
  })

  test.each(['deflate', 'brotli', 'zstd'] as const)(
    'by %s gives back a small payload at once and a large one later',
    async (algorithm) => {
      const compression = createCompression({ algorithm })
      for (const length of [16 * KB, 100 * KB, 1_000 * KB]) {
        const bytes = Buffer.alloc(length, 'some text, again and again; ')
        const packing = compression.pack(bytes)
        expect(packing instanceof Promise).toBe(length > 128 * KB)
        const packed = await packing
        expect(packed.bytes.length).toBeLessThan(length / 10)
        const unpacking = compression.unpack(packed.algorithm, packed.bytes, length)
        expect(unpacking instanceof Promise).toBe(length > 256 * KB)
        expect(bytes.equals(await unpacking)).toBe(true)
      }
    },
  )

  test('turned off packs nothing, and unpacks what others packed', () => {
    const bytes = Buffer.alloc(50 * KB, 'abc')
    const { algorithm, bytes: packed } = createCompression().pack(bytes) as {
      algorithm: number
      bytes: Buffer
    }
    const off = createCompression(false)
    expect(off.pack(bytes)).toEqual({ algorithm: 0, bytes })
    expect(bytes.equals(off.unpack(algorithm, packed, bytes.length) as Buffer)).toBe(true)
  })

  test.each(['deflate', 'brotli', 'zstd'] as const)(
    'by %s unpacks to no more and no less than what was said',
    async (algorithm) => {
      const compression = createCompression({ algorithm, threshold: 0 })
      for (const length of [1_000, 1_000_000]) {
        const packed = await compression.pack(Buffer.alloc(length))
        const unpack = async (size: number): Promise<Buffer> =>
          await compression.unpack(packed.algorithm, packed.bytes, size)
        // refused while it unpacks, not when it has
        await expect(unpack(length - 1)).rejects.toMatchObject({ code: 'ERR_BUFFER_TOO_LARGE' })
        await expect(unpack(length + 1)).rejects.toThrow(`unpacked to ${length} bytes`)
        await expect(unpack(length)).resolves.toHaveLength(length)
      }
    },
  )

  test('does not pack what it would not unpack', () => {
    const compression = createCompression({ threshold: 0, maxBytes: 1_000 })
    const bytes = Buffer.alloc(1_001)
    expect(compression.pack(bytes)).toEqual({ algorithm: 0, bytes })
    expect(() => compression.unpack(1, bytes, 1_001)).toThrow(RangeError)
    expect(() => compression.unpack(9, bytes, 10)).toThrow('does not know')
  })
})
