/** The body of a response as it is written, piece by piece. */
export class BodyPieces {
  #pieces: (string | Buffer)[] = []
  #encodings: (BufferEncoding | undefined)[] = []
  /** The length of all pieces. */
  bytes = 0

  /** Takes a piece down. One that is not the `last` may be changed by its writer later on, and is copied. */
  add(piece: string | Uint8Array, encoding: unknown, last: boolean): void {
    if (typeof piece === 'string') {
      const written = typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8'
      this.bytes += Buffer.byteLength(piece, written)
      this.#pieces.push(piece)
      this.#encodings.push(written)
    } else {
      this.bytes += piece.byteLength
      const own = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength)
      this.#pieces.push(last ? own : Buffer.from(own))
      this.#encodings.push(undefined)
    }
  }

  /** All of it in one piece of memory of its own, and no more of it: a slice of Node's pool would keep all of the pool. */
  join(): Buffer {
    const body = Buffer.allocUnsafeSlow(this.bytes)
    let at = 0
    for (const [index, piece] of this.#pieces.entries()) {
      at +=
        typeof piece === 'string'
          ? body.write(piece, at, this.#encodings[index])
          : piece.copy(body, at)
    }
    return body
  }
}
