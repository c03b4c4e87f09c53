import type { QueryEvents } from './types.js'

type Name = keyof QueryEvents

/** Those who listen to queries. A listener that throws disturbs nobody: its error is thrown on its own, later. */
export class Listeners {
  readonly #listeners = new Map<Name, Set<(event: never) => void>>()

  on<N extends Name>(name: N, listener: (event: QueryEvents[N]) => void): () => void {
    let listeners = this.#listeners.get(name)
    if (listeners === undefined) this.#listeners.set(name, (listeners = new Set()))
    listeners.add(listener)
    return () => {
      listeners.delete(listener)
      if (listeners.size === 0) this.#listeners.delete(name)
    }
  }

  wants(name: Name): boolean {
    return this.#listeners.has(name)
  }

  emit<N extends Name>(name: N, event: QueryEvents[N]): void {
    for (const listener of this.#listeners.get(name) ?? []) {
      try {
        ;(listener as (event: QueryEvents[N]) => void)(event)
      } catch (error) {
        queueMicrotask(() => {
          throw error
        })
      }
    }
  }
}
