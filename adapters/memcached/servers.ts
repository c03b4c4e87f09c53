import type { Cancel } from '../../src/base/clock.js'
import type { Deadlines } from '../../src/store/deadline.js'
import type { StoreContext } from '../../src/store/store.js'
import type { Item } from './command.js'
import { record } from './items.js'
import type { Link } from './link.js'
import type { Names } from './names.js'
import { Ring } from './ring.js'
import { Conversation } from './round.js'

/** What the verbs work with: the servers, the names of things on them, and the time. */
export class Servers {
  readonly ring: Ring<Link>
  readonly links: readonly Link[]
  readonly names: Names
  readonly context: StoreContext
  readonly #deadlines: Deadlines
  readonly #running = new Set<Conversation>()
  #whenQuiet: (() => void) | undefined

  constructor(links: readonly Link[], names: Names, deadlines: Deadlines, context: StoreContext) {
    this.ring = new Ring(links)
    this.links = links
    this.names = names
    this.context = context
    this.#deadlines = deadlines
  }

  /** Runs a verb of several rounds within one deadline. */
  async converse<Result>(verb: (conversation: Conversation) => Promise<Result>): Promise<Result> {
    const conversation = new Conversation(this.#deadlines)
    this.#running.add(conversation)
    try {
      return await verb(conversation)
    } finally {
      conversation.end()
      this.#running.delete(conversation)
      if (this.#running.size === 0) this.#whenQuiet?.()
    }
  }

  /** Waits for what is running, at most `graceMs`, then ends all connections and timers. */
  async close(graceMs: number): Promise<void> {
    const { clock } = this.context
    let cancel: Cancel | undefined
    const late = new Promise<void>((resolve) => {
      cancel = clock.after(graceMs, resolve)
    })
    await Promise.race([this.#quiet(), late])
    cancel?.()
    await Promise.all(this.links.map((link) => link.end()))
    this.#deadlines.close()
  }

  async #quiet(): Promise<void> {
    while (this.#running.size > 0) {
      await new Promise<void>((resolve) => {
        this.#whenQuiet = resolve
      })
    }
    await Promise.all(this.links.map((link) => link.idle()))
  }

  /** A record that has not been there before. */
  readonly newRecord = (): Item => record(this.context.random.token())
}
