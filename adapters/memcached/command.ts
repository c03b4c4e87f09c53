import {
  ADD,
  DELETE,
  EXISTS,
  GET,
  HEADER_BYTES,
  NOOP,
  REQUEST_MAGIC,
  SET,
  TOUCH,
} from './protocol.js'

/**
 * Which item, exactly: the CAS number a server gave it, and the connection it was told on.
 *
 * A server numbers the items it stores, and the numbers begin again at 1 when it restarts. A number is therefore only
 * good on the connection it came by, which does not survive a restart; sent on another one it could fit an item that
 * somebody else has put there since.
 */
export interface Exact {
  readonly casHigh: number
  readonly casLow: number
  readonly connection: object | undefined
}

/** What a `set` or an `add` stores. */
export interface Item {
  readonly value: Buffer
  readonly flags: number
  /** As made by `toExpiration`. */
  readonly expiration: number
}

const NOT_ANSWERED = -1
const EMPTY: Buffer = Buffer.alloc(0)

/** One request, and its answer once that is there. */
export class Command implements Exact {
  readonly opcode: number
  readonly key: string
  readonly item: Item | undefined
  /** Only if the item is still this one. */
  readonly only: Exact | undefined

  /** `host:port` of the server that is asked. */
  server: string = ''
  /** The server's answer in a number; negative before it is there. */
  status: number = NOT_ANSWERED
  /** Why there is no answer and will not be one. */
  failure: Error | undefined = undefined
  /** What a `get` found: a view into what was received. */
  value: Buffer = EMPTY
  flags: number = 0
  /** The value as text, once somebody wanted it so. */
  text: string | undefined = undefined
  /** With `connection`, the very item that was found or stored. */
  casHigh: number = 0
  casLow: number = 0
  /** Where the answer came from. */
  connection: object | undefined = undefined

  constructor(opcode: number, key: string, item?: Item, only?: Exact) {
    this.opcode = opcode
    this.key = key
    this.item = item
    this.only = only
  }

  get answered(): boolean {
    return this.status !== NOT_ANSWERED
  }

  /** How many bytes it takes as a request, without its value. */
  get headBytes(): number {
    return HEADER_BYTES + this.#extrasBytes + this.key.length
  }

  get #extrasBytes(): number {
    if (this.item === undefined) return 0
    return this.opcode === TOUCH ? 4 : 8
  }

  /** Answers what the server would have answered, had it been asked: an item of another connection is not there. */
  refuse(): void {
    this.status = EXISTS
  }

  /** Writes the request without its value and returns where it ends. */
  encode(into: Buffer, at: number, opaque: number): number {
    const { key, item, only } = this
    const keyBytes = key.length
    const extrasBytes = this.#extrasBytes
    into[at] = REQUEST_MAGIC
    into[at + 1] = this.opcode
    into[at + 2] = keyBytes >>> 8
    into[at + 3] = keyBytes & 0xff
    into[at + 4] = extrasBytes
    into[at + 5] = 0
    into[at + 6] = 0
    into[at + 7] = 0
    into.writeUInt32BE(
      keyBytes + extrasBytes + (item === undefined ? 0 : item.value.length),
      at + 8,
    )
    into.writeUInt32BE(opaque, at + 12)
    into.writeUInt32BE(only === undefined ? 0 : only.casHigh, at + 16)
    into.writeUInt32BE(only === undefined ? 0 : only.casLow, at + 20)
    let end = at + HEADER_BYTES
    if (item !== undefined) {
      if (extrasBytes === 8) into.writeUInt32BE(item.flags, end)
      end += extrasBytes
      into.writeUInt32BE(item.expiration, end - 4)
    }
    into.write(key, end, keyBytes, 'latin1')
    return end + keyBytes
  }
}

export const get = (key: string): Command => new Command(GET, key)
export const add = (key: string, item: Item): Command => new Command(ADD, key, item)
/** Without `only`, whatever is there. */
export const set = (key: string, item: Item, only?: Exact): Command =>
  new Command(SET, key, item, only)
/** Without `only`, whatever is there. */
export const remove = (key: string, only?: Exact): Command =>
  new Command(DELETE, key, undefined, only)
/** Gives an item another time to live, and leaves it the item it was. */
export const touch = (key: string, expiration: number): Command =>
  new Command(TOUCH, key, { value: EMPTY, flags: 0, expiration })
/** Asks nothing: an answer says that the server is alive. */
export const noop = (): Command => new Command(NOOP, '')
