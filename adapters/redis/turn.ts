/**
 * What happens once, after all that happens in this tick: first what was gathered becomes commands, then commands
 * are written. One `process.nextTick` for all of it.
 */
export class Turn {
  /** Used again for each tick: one that is pushed to anew begins with room for 17. */
  #tasks: ((() => void) | undefined)[] = []
  #count = 0
  #scheduled = false

  /** Runs at the end of this tick; what is added by then runs after what is there. */
  add(task: () => void): void {
    this.#tasks[this.#count++] = task
    if (this.#scheduled) return
    this.#scheduled = true
    process.nextTick(this.#run)
  }

  readonly #run = (): void => {
    const tasks = this.#tasks
    try {
      for (let at = 0; at < this.#count; at++) {
        const task = tasks[at]!
        tasks[at] = undefined
        task()
      }
    } finally {
      if (this.#count > MOST_KEPT) this.#tasks = []
      this.#count = 0
      this.#scheduled = false
    }
  }
}

const MOST_KEPT = 64
