/** Calls a listener. One that throws disturbs nobody: its error is thrown on its own, later. */
export function tell<Event>(listener: (event: Event) => void, event: Event): void {
  try {
    listener(event)
  } catch (error) {
    queueMicrotask(() => {
      throw error
    })
  }
}

/** Those who listen to the events of something, by name. */
export class Listeners<Events extends object> {
  readonly #listeners = new Map<keyof Events, Set<(event: never) => void>>()

  /** Returns what ends it. */
  on<N extends keyof Events>(name: N, listener: (event: Events[N]) => void): () => void {
    let listeners = this.#listeners.get(name)
    if (listeners === undefined) this.#listeners.set(name, (listeners = new Set()))
    listeners.add(listener)
    return () => {
      listeners.delete(listener)
      if (listeners.size === 0) this.#listeners.delete(name)
    }
  }

  wants(name: keyof Events): boolean {
    return this.#listeners.has(name)
  }

  emit<N extends keyof Events>(name: N, event: Events[N]): void {
    for (const listener of this.#listeners.get(name) ?? [])
      tell(listener as (event: Events[N]) => void, event)
  }
}
