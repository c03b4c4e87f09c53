import type { Deadline, Expiring } from '../../src/store/deadline.js'
import { add, get, type Command, type Item } from './command.js'
import { ADD, GET, HEADER_BYTES, NOT_AUTHENTICATED, OK } from './protocol.js'

/** Values up to this size are copied next to their heads, so that most batches are one buffer. */
const COPIED_BYTES = 16 * 1024

/**
 * Requests that go out as one write, and are answered in order.
 *
 * Reads of an item share a request, until something in the batch may have changed that item.
 */
export class Batch implements Expiring {
  readonly #commands: Command[] = []
  readonly #whenSettled: { readonly after: number; readonly task: () => void }[] = []
  readonly #read = new Map<string, Command>()
  #noted: Map<string, Command> | undefined
  #settled = 0
  #told = 0
  #connection: object | undefined
  #deadline: Deadline | undefined
  #onExpire: (() => void) | undefined

  /** Adds a request that is not shared. */
  push(command: Command): Command {
    const { opcode, key } = command
    if (opcode !== GET) this.#read.delete(key)
    if (opcode !== GET && opcode !== ADD) this.#noted?.delete(key)
    this.#commands.push(command)
    return command
  }

  /** A `get`, shared by all that read the item in this batch. */
  read(key: string): Command {
    const shared = this.#read.get(key)
    if (shared !== undefined) return shared
    const command = this.push(get(key))
    this.#read.set(key, command)
    return command
  }

  /** A `get` behind an `add` of `item`, shared by all that note the record in this batch. */
  note(key: string, item: () => Item): Command {
    const shared = this.#noted?.get(key)
    if (shared !== undefined) return shared
    this.push(add(key, item()))
    const command = this.read(key)
    this.#noted ??= new Map()
    this.#noted.set(key, command)
    return command
  }

  /** Runs `task` once, when everything that is in the batch by now is answered or failed. */
  whenSettled(task: () => void): void {
    this.#whenSettled.push({ after: this.#commands.length, task })
  }

  /** From now on an answer is awaited. */
  wait(deadline: Deadline, onExpire: () => void): void {
    this.#deadline = deadline
    this.#onExpire = onExpire
  }

  expire(): void {
    this.#onExpire?.()
  }

  /**
   * The requests as bytes. Those that are good for another connection only are refused instead. `opaque` numbers the
   * first one.
   */
  encode(connection: object, opaque: number): Buffer[] {
    this.#connection = connection
    let bytes = 0
    for (const command of this.#commands) {
      const valueBytes = command.item?.value.length ?? 0
      bytes += command.headBytes + (valueBytes > COPIED_BYTES ? 0 : valueBytes)
    }
    const buffer = Buffer.allocUnsafe(bytes)
    const pieces: Buffer[] = []
    let from = 0
    let at = 0
    for (const command of this.#commands) {
      if (!isFor(command, connection)) {
        opaque++
        continue
      }
      at = command.encode(buffer, at, opaque++ >>> 0)
      const value = command.item?.value
      if (value === undefined) continue
      if (value.length > COPIED_BYTES) {
        pieces.push(buffer.subarray(from, at), value)
        from = at
      } else {
        at += value.copy(buffer, at)
      }
    }
    if (at > from) pieces.push(buffer.subarray(from, at))
    return pieces
  }

  get size(): number {
    return this.#commands.length
  }

  /** Settles those that the server is not asked, up to the next that it is. True when that was all. */
  skip(): boolean {
    let next: Command | undefined
    while ((next = this.#commands[this.#settled]) !== undefined && !isFor(next, this.#connection)) {
      next.refuse()
      this.#settled++
    }
    const all = this.#settled === this.#commands.length
    if (all) this.#deadline?.end()
    this.#tell()
    return all
  }

  /**
   * Takes the answer to the next request; true when it was the last. `first` is the number of the batch's first one.
   *
   * @throws {Error} when it is not the answer to that request.
   */
  answer(bytes: Buffer, start: number, end: number, first: number): boolean {
    const command = this.#commands[this.#settled]!
    const opaque = bytes.readUInt32BE(start + 12)
    if (bytes[start + 1] !== command.opcode || opaque !== (first + this.#settled) >>> 0) {
      throw new Error('an answer came that nobody had asked for')
    }
    const status = bytes.readUInt16BE(start + 6)
    if (status === NOT_AUTHENTICATED) throw new Error('a name and a password are wanted')
    command.status = status
    command.connection = this.#connection
    if (status === OK) {
      command.casHigh = bytes.readUInt32BE(start + 16)
      command.casLow = bytes.readUInt32BE(start + 20)
      if (command.opcode === GET) {
        const extras = start + HEADER_BYTES
        const extrasBytes = bytes[start + 4]!
        if (extrasBytes >= 4) command.flags = bytes.readUInt32BE(extras)
        const value = extras + extrasBytes + bytes.readUInt16BE(start + 2)
        command.value = bytes.subarray(value, end)
      }
    }
    this.#settled++
    return this.skip()
  }

  /** Ends the batch: what is not answered by now never is. */
  fail(failure: Error): void {
    this.#deadline?.end()
    for (; this.#settled < this.#commands.length; this.#settled++) {
      this.#commands[this.#settled]!.failure = failure
    }
    this.#tell()
  }

  #tell(): void {
    let next: { readonly after: number; readonly task: () => void } | undefined
    while ((next = this.#whenSettled[this.#told]) !== undefined && next.after <= this.#settled) {
      this.#told++
      next.task()
    }
  }
}

function isFor(command: Command, connection: object | undefined): boolean {
  return command.only === undefined || command.only.connection === connection
}
