import type { Socket } from 'node:net'
import type { Cancel, Clock } from '../../src/base/clock.js'
import type { Deadlines } from '../../src/store/deadline.js'
import type { Batch } from './batch.js'
import { Frames } from './frames.js'
import type { MakeServer, MemjsServer } from './memjs.js'

/** Whoever has a connection: is told of its faults, and says what those are told who wait for an answer. */
export interface Owner {
  /** The connection ended. `inUse`: somebody was waiting for it, or it never opened. Called once. */
  ended(reason: Error, inUse: boolean): Error
  /** The connection is not open yet, and somebody has waited long enough. It goes on opening. */
  late(reason: Error): Error
}

export interface ConnectionOptions {
  readonly makeServer: MakeServer
  readonly deadlines: Deadlines
  readonly clock: Clock
  /** How long opening it may take, in milliseconds. */
  readonly connectMs: number
  readonly owner: Owner
}

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
  readonly #owner: Owner
  readonly #cancelOpening: Cancel
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

  constructor({ makeServer, deadlines, clock, connectMs, owner }: ConnectionOptions) {
    this.#deadlines = deadlines
    this.#owner = owner
    this.#cancelOpening = clock.after(connectMs, () => {
      this.end(new Error(`no connection within ${connectMs} ms`))
    })
    this.gone = new Promise((resolve) => {
      this.#isGone = resolve
    })
    makeServer()
      .then((server) => this.#open(server))
      .catch((error: unknown) => this.end(toError(error)))
  }

  /** Sends a batch, when the connection is open. It is answered or failed within the deadline. */
  send(batch: Batch): void {
    batch.wait(this.#deadlines.start(batch), () => this.#expire(batch))
    if (this.#socket === undefined) this.#waiting.push(batch)
    else this.#write(this.#socket, batch)
  }

  /** Ends it at once and fails what waits for it. */
  end(reason: Error): void {
    if (this.#ended) return
    this.#ended = true
    this.#cancelOpening()
    const batches = [...this.#sent.map((sent) => sent.batch), ...this.#waiting]
    this.#sent.length = 0
    this.#waiting = []
    this.#socket?.off('close', this.#closed)
    if (this.#socket === undefined || this.#socket.closed) this.#isGone()
    else this.#socket.once('close', this.#isGone)
    this.#server?.error(reason)
    const failure = this.#owner.ended(reason, this.#socket === undefined || batches.length > 0)
    for (const batch of batches) batch.fail(failure)
  }

  #open(server: MemjsServer): void {
    if (this.#ended) return
    this.#server = server
    server.onError(0, (reason) => this.end(toError(reason)))
    server.sock(false, (socket) => {
      if (this.#ended) return
      this.#cancelOpening()
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

  #expire(batch: Batch): void {
    const { limitMs } = this.#deadlines
    if (this.#socket !== undefined) return this.end(new Error(`no answer within ${limitMs} ms`))
    this.#waiting = this.#waiting.filter((waiting) => waiting !== batch)
    batch.fail(this.#owner.late(new Error(`no connection within ${limitMs} ms`)))
  }
}

/** memjs says some of its errors as strings. */
function toError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason))
}
