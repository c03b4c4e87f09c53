/**
 * What happens once, after all that happens in this tick: first what was gathered becomes commands, then commands
 * are written. One `process.nextTick` for all of it.
 */
export class Turn {
  #tasks: (() => void)[] = []
  #scheduled = false

  /** Runs at the end of this tick; what is added by then runs after what is there. */
  add(task: () => void): void {
    this.#tasks.push(task)
    if (this.#scheduled) return
    this.#scheduled = true
    process.nextTick(this.#run)
  }

  readonly #run = (): void => {
    try {
      for (let at = 0; at < this.#tasks.length; at++) this.#tasks[at]!()
    } finally {
      this.#tasks = []
      this.#scheduled = false
    }
  }
}
