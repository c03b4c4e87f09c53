import type { Deadline, Deadlines, Expiring } from '../../src/store/deadline.js'
import type { Argument } from './client.js'
import type { Link } from './link.js'
import { unavailable } from './failures.js'

/** A command on its way, until it is answered, refused or late. */
export class Request {
  readonly command: string
  readonly args: Argument[]
  /** Where its keys live. */
  readonly slot: number
  /** Set when it must not be carried out late: the moment it was made, by `performance.now()`. */
  readonly fencedAt: number | undefined
  /** How often it was sent to another server than the one it came to. */
  redirects = 0
  /** Whether the next server has to be told that it is asked on behalf of another. */
  asking = false
  /** The server that has it now. */
  link: Link | undefined
  #batch: Batch | undefined
  #settled = false
  readonly #done: (reply: unknown) => void
  readonly #failed: (error: Error) => void

  constructor(
    command: string,
    args: Argument[],
    slot: number,
    done: (reply: unknown) => void,
    failed: (error: Error) => void,
    fencedAt?: number,
  ) {
    this.command = command
    this.args = args
    this.slot = slot
    this.fencedAt = fencedAt
    this.#done = done
    this.#failed = failed
  }

  get settled(): boolean {
    return this.#settled
  }

  join(batch: Batch): void {
    this.#batch = batch
  }

  done(reply: unknown): void {
    if (this.#settled) return
    this.#settled = true
    this.#batch?.left()
    this.#done(reply)
  }

  failed(error: Error): void {
    if (this.#settled) return
    this.#settled = true
    this.#batch?.left()
    this.#failed(error)
  }
}

/** The requests of one tick to one server: one write, and one deadline. */
export class Batch implements Expiring {
  readonly requests: Request[] = []
  #waiting = 0
  #deadline: Deadline | undefined

  add(request: Request): void {
    request.join(this)
    this.requests.push(request)
    this.#waiting++
  }

  start(deadlines: Deadlines): void {
    if (this.#waiting > 0) this.#deadline = deadlines.start(this)
  }

  left(): void {
    if (--this.#waiting === 0) this.#deadline?.end()
  }

  expire(): void {
    const late = new Set<Link>()
    for (const request of this.requests) {
      if (request.settled) continue
      if (request.link !== undefined) late.add(request.link)
      request.failed(request.link?.tooLate ?? unavailable('no server took it in time'))
    }
    for (const link of late) link.missed()
  }
}
