import type { Socket } from 'node:net'
import type { Deadlines } from '../../src/store/deadline.js'
import type { Batch } from './batch.js'
import { Frames } from './frames.js'
import type { MakeServer, MemjsServer } from './memjs.js'

/**
 * Told once that a connection ended, and whether anybody was waiting for it then. Returns what those who were waiting
 * are told.
 */
export type OnEnd = (reason: Error, inUse: boolean) => Error

interface Sent {
  readonly batch: Batch
  /** The number of its first request. */
  readonly first: number
}

/**
 * One connection, from opening to its end. It is never reopened: a fault of any kind ends it and fails what waits for
 * it, and a late answer finds no one, since its socket is gone.
 */
export class Connection {
  readonly #deadlines: Deadlines
  readonly #onEnd: OnEnd
  readonly #frames = new Frames((bytes, start, end) => this.#answer(bytes, start, end))
  /** Batches in order: the first are sent, the rest wait for the connection to open. */
  readonly #sent: Sent[] = []
  #waiting: Batch[] = []
  #server: MemjsServer | undefined
  #socket: Socket | undefined
  #opaque = 0
  #ended = false
  /** Resolves when nothing of it is left, some time after its end. */
  readonly gone: Promise<void>
  #isGone!: () => void

  constructor(makeServer: MakeServer, deadlines: Deadlines, onEnd: OnEnd) {
    this.#deadlines = deadlines
    this.#onEnd = onEnd
    this.gone = new Promise((resolve) => {
      this.#isGone = resolve
    })
    makeServer().then(
      (server) => this.#open(server),
      (error: unknown) => this.end(toError(error)),
    )
  }

  /** Sends a batch, when the connection is open. It is answered or failed within the deadline. */
  send(batch: Batch): void {
    batch.wait(this.#deadlines.start(batch), this.#expire)
    if (this.#socket === undefined) this.#waiting.push(batch)
    else this.#write(this.#socket, batch)
  }

  /** Ends it at once and fails what waits for it. */
  end(reason: Error): void {
    if (this.#ended) return
    this.#ended = true
    const batches = [...this.#sent.map((sent) => sent.batch), ...this.#waiting]
    this.#sent.length = 0
    this.#waiting = []
    this.#socket?.off('close', this.#closed)
    if (this.#socket === undefined) this.#isGone()
    else this.#socket.once('close', this.#isGone)
    this.#server?.error(reason)
    const failure = this.#onEnd(reason, this.#socket === undefined || batches.length > 0)
    for (const batch of batches) batch.fail(failure)
  }

  #open(server: MemjsServer): void {
    if (this.#ended) return
    this.#server = server
    server.onError(0, (reason) => this.end(toError(reason)))
    server.sock(false, (socket) => {
      if (this.#ended) return
      socket.setNoDelay(true)
      socket.once('close', this.#closed)
      server.responseHandler = this.#received
      this.#socket = socket
      const waiting = this.#waiting
      this.#waiting = []
      for (const batch of waiting) this.#write(socket, batch)
    })
  }

  #write(socket: Socket, batch: Batch): void {
    const first = this.#opaque
    this.#opaque = (first + batch.size) >>> 0
    const pieces = batch.encode(this, first)
    if (batch.skip()) return
    this.#sent.push({ batch, first })
    if (pieces.length === 1) {
      socket.write(pieces[0]!)
      return
    }
    socket.cork()
    for (const piece of pieces) socket.write(piece)
    socket.uncork()
  }

  #answer(bytes: Buffer, start: number, end: number): void {
    if (this.#ended) return
    const sent = this.#sent[0]
    if (sent === undefined) throw new Error('an answer came that nobody had asked for')
    if (sent.batch.answer(bytes, start, end, sent.first)) this.#sent.shift()
  }

  readonly #received = (chunk: Buffer): void => {
    try {
      this.#frames.push(chunk)
    } catch (error) {
      this.end(toError(error))
    }
  }

  readonly #closed = (): void => {
    this.end(new Error('the connection was closed'))
  }

  readonly #expire = (): void => {
    this.end(
      new Error(
        `${this.#socket === undefined ? 'no connection' : 'no answer'} within ${this.#deadlines.limitMs} ms`,
      ),
    )
  }
}

/** memjs says some of its errors as strings. */
function toError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason))
}
