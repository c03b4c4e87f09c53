import { array, assert, nat, property, uint8Array } from 'fast-check'
import { expect, test, vi } from 'vitest'
import { Frames } from '../../adapters/memcached/frames.js'

/** An answer with this value. */
function answer(value: Buffer, opaque = 0): Buffer {
  const header = Buffer.alloc(24)
  header[0] = 0x81
  header.writeUInt32BE(value.length, 8)
  header.writeUInt32BE(opaque, 12)
  return Buffer.concat([header, value])
}

/** The values of the answers that come out when `stream` is received in chunks that end at `cuts`. */
function receive(stream: Buffer, cuts: readonly number[]): Buffer[] {
  const values: Buffer[] = []
  const frames = new Frames((bytes, start, end) => values.push(bytes.subarray(start + 24, end)))
  const ends = [...new Set(cuts), stream.length].toSorted((a, b) => a - b)
  let from = 0
  for (const to of ends) {
    frames.push(stream.subarray(from, to))
    from = to
  }
  return values
}

test('hands out the same answers however the stream is cut', () => {
  const values = array(uint8Array({ maxLength: 80 }), { maxLength: 8 })
  assert(
    property(values, array(nat(), { maxLength: 30 }), (bodies, cuts) => {
      const stream = Buffer.concat(bodies.map((body) => answer(Buffer.from(body))))
      const within = cuts.map((cut) => cut % (stream.length + 1))
      expect(receive(stream, within)).toEqual(bodies.map((body) => Buffer.from(body)))
    }),
  )
})

test('hands out the same answers byte by byte', () => {
  const stream = Buffer.concat([
    answer(Buffer.from('one')),
    answer(Buffer.alloc(0)),
    answer(Buffer.from('two')),
  ])
  const everywhere = Array.from({ length: stream.length }, (_, n) => n)
  expect(receive(stream, everywhere).map(String)).toEqual(['one', '', 'two'])
})

test('puts a large answer together once', () => {
  const whole = answer(Buffer.alloc(1_000_000, 7))
  const concat = vi.spyOn(Buffer, 'concat')
  const cuts = Array.from({ length: 16 }, (_, n) => n * 65_536)
  expect(receive(whole, cuts)[0]?.length).toBe(1_000_000)
  const copied = concat.mock.results.reduce((sum, { value }) => sum + (value as Buffer).length, 0)
  concat.mockRestore()
  expect(copied).toBe(whole.length)
})

test('takes no memory for a length that a header only claims', () => {
  const header = answer(Buffer.alloc(0))
  header.writeUInt32BE(0xffffffff, 8)
  const before = process.memoryUsage().arrayBuffers
  const frames = new Frames(() => expect.unreachable())
  frames.push(header)
  frames.push(Buffer.alloc(1_000))
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000_000)
})

test.each([
  ['text', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
  ['a request', Buffer.concat([Buffer.from([0x80]), Buffer.alloc(23)])],
  ['a key longer than the body', Buffer.concat([Buffer.from([0x81, 0, 0, 9]), Buffer.alloc(20)])],
])('refuses %s', (_, bytes) => {
  expect(() => receive(bytes, [])).toThrow('not the binary protocol')
  expect(() => receive(bytes, [10])).toThrow('not the binary protocol')
})
