import type { Deadline, Deadlines, Expiring } from '../../src/store/deadline.js'
import type { Link } from './link.js'

/** What a verb asks at one time: of one server, or of several at once. */
export class Round {
  readonly #links: Link[] = []

  /** Notes that something is asked of this link. */
  via(link: Link): Link {
    if (!this.#links.includes(link)) this.#links.push(link)
    return link
  }

  /** Makes the result, when everything asked so far is answered or failed. Call it in the tick of the asking. */
  settled<Result>(make: () => Result): Promise<Result> {
    return new Promise((resolve, reject) => {
      let left = this.#links.length
      const settle = (): void => {
        if (--left > 0) return
        try {
          resolve(make())
        } catch (error) {
          reject(error)
        }
      }
      if (left === 0) settle()
      for (const link of this.#links) link.whenSettled(settle)
    })
  }
}

/** A verb that takes several rounds, one after another, within one deadline. */
export class Conversation implements Expiring {
  readonly #deadline: Deadline
  #expired = false
  #wake: (() => void) | undefined

  constructor(deadlines: Deadlines) {
    this.#deadline = deadlines.start(this)
  }

  /**
   * Asks, and waits for the answers or until the deadline, when some of them are not there. One at a time.
   *
   * False when it is too late already: then nothing was asked.
   */
  async ask(questions: (round: Round) => void): Promise<boolean> {
    if (this.#expired) return false
    const round = new Round()
    questions(round)
    await new Promise<void>((resolve, reject) => {
      this.#wake = resolve
      round.settled(resolve).catch(reject)
    })
    return true
  }

  expire(): void {
    this.#expired = true
    this.#wake?.()
  }

  end(): void {
    this.#deadline.end()
  }
}
