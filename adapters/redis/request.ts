import type { Deadline, Deadlines, Expiring } from '../../src/store/deadline.js'
import type { Argument } from './client.js'
import { unavailable } from './failures.js'
import type { Link } from './link.js'

/** Who waits for a request. */
export interface Owner {
  answered(reply: unknown): void
  refused(error: Error): void
}

/** A command on its way, until it is answered, refused or late. */
export class Request implements Expiring {
  readonly command: string
  readonly args: Argument[]
  /** Where its keys live. */
  readonly slot: number
  /** Whether the server has to refuse it when it comes to it too late. */
  readonly fenced: boolean
  /** How often it was sent to another server than the one it came to. */
  redirects = 0
  /** Whether the next server has to be told that it is asked on behalf of another. */
  asking = false
  /** The server that has it now, and the tick in which that got it. */
  link: Link | undefined
  tick = 0
  settled = false
  #deadline: Deadline | undefined
  readonly #owner: Owner

  constructor(command: string, args: Argument[], slot: number, owner: Owner, fenced = false) {
    this.command = command
    this.args = args
    this.slot = slot
    this.fenced = fenced
    this.#owner = owner
  }

  /** From here on it has a deadline. */
  start(deadlines: Deadlines): void {
    this.#deadline = deadlines.start(this)
  }

  done(reply: unknown): void {
    if (this.settled) return
    this.settled = true
    this.#deadline?.end()
    this.#owner.answered(reply)
  }

  failed(error: Error): void {
    if (this.settled) return
    this.settled = true
    this.#deadline?.end()
    this.#owner.refused(error)
  }

  expire(): void {
    const { link } = this
    this.failed(link?.tooLate ?? unavailable('no server took it in time'))
    link?.missed(this.tick)
  }
}
