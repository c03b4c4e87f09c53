import { HEADER_BYTES, RESPONSE_MAGIC } from './protocol.js'

/** Takes one whole answer: `bytes` from `start`, header first, to `end`. */
export type TakeFrame = (bytes: Buffer, start: number, end: number) => void

/**
 * Cuts what a socket receives into answers.
 *
 * An answer that lies within one chunk is handed out where it lies. One that spans chunks is put together once, when
 * its last byte is there, so a large value is copied once however many chunks it comes in, and memory is only taken
 * for what was received, whatever length a header claims. (memjs copies all it has so far for each chunk: a value of
 * 1 MB in chunks of 64 KB is copied eight times over.)
 */
export class Frames {
  readonly #take: TakeFrame
  #held: Buffer[] = []
  #heldBytes = 0
  /** How many bytes the answer has that is held; only that of the header while this is not complete. */
  #wantedBytes = HEADER_BYTES

  constructor(take: TakeFrame) {
    this.#take = take
  }

  /** @throws {Error} when what comes is not the binary protocol. */
  push(chunk: Buffer): void {
    let start = 0
    while (this.#heldBytes > 0) {
      const missing = this.#wantedBytes - this.#heldBytes
      if (chunk.length - start < missing) return this.#hold(chunk, start)
      this.#hold(chunk.subarray(start, start + missing), 0)
      start += missing
      const whole = this.#held.length === 1 ? this.#held[0]! : Buffer.concat(this.#held)
      this.#wantedBytes = frameBytes(whole, 0)
      this.#held = [whole]
      if (whole.length < this.#wantedBytes) continue
      this.#held = []
      this.#heldBytes = 0
      this.#take(whole, 0, whole.length)
    }
    while (chunk.length - start >= HEADER_BYTES) {
      const end = start + frameBytes(chunk, start)
      if (end > chunk.length) {
        this.#wantedBytes = end - start
        return this.#hold(chunk, start)
      }
      this.#take(chunk, start, end)
      start = end
    }
    this.#wantedBytes = HEADER_BYTES
    if (start < chunk.length) this.#hold(chunk, start)
  }

  #hold(chunk: Buffer, start: number): void {
    const rest = start === 0 ? chunk : chunk.subarray(start)
    this.#held.push(rest)
    this.#heldBytes += rest.length
  }
}

/** Header and body of the answer that begins at `start`. */
function frameBytes(bytes: Buffer, start: number): number {
  const extrasAndKeyBytes = bytes[start + 4]! + bytes.readUInt16BE(start + 2)
  const bodyBytes = bytes.readUInt32BE(start + 8)
  if (bytes[start] !== RESPONSE_MAGIC || bodyBytes < extrasAndKeyBytes) {
    throw new Error('what was received is not the binary protocol of Memcached')
  }
  return HEADER_BYTES + bodyBytes
}
