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

/** The body of a response that is there in one piece. Its text becomes bytes once: to tell it apart, to be kept, and to be sent. */
export class WholeBody {
  readonly #given: string | Uint8Array
  readonly #encoding: BufferEncoding
  #content: Buffer | undefined = undefined

  constructor(given: string | Uint8Array, encoding: unknown) {
    this.#given = given
    this.#encoding = typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8'
  }

  /** True when it has more bytes than `most`. */
  exceeds(most: number): boolean {
    const given = this.#given
    if (typeof given !== 'string') return given.byteLength > most
    // A character takes three bytes at most.
    return given.length * 3 > most && Buffer.byteLength(given, this.#encoding) > most
  }

  /** The bytes. Those the writer gave are the writer's. */
  get content(): Buffer {
    return (this.#content ??=
      typeof this.#given === 'string' ? this.#made(this.#given) : view(this.#given))
  }

  /** The bytes in memory of their own, and no more of it: a slice of Node's pool would keep all of the pool. */
  own(): Buffer {
    const { content } = this
    return typeof this.#given === 'string' ? content : copied(content)
  }

  /** Written where it stays: `Buffer.from` would write it into Node's pool, of which it then had to be copied. */
  #made(text: string): Buffer {
    const bytes = Buffer.allocUnsafeSlow(Buffer.byteLength(text, this.#encoding))
    const length = bytes.write(text, this.#encoding)
    return length === bytes.length ? bytes : copied(bytes.subarray(0, length))
  }
}

function view(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function copied(bytes: Buffer): Buffer {
  const own = Buffer.allocUnsafeSlow(bytes.length)
  own.set(bytes)
  return own
}
