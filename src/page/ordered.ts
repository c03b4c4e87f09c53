import type { ServerResponse } from 'node:http'

type Part = Uint8Array | Promise<Uint8Array>

export interface Ordered {
  /** True when the writer may go on at once. */
  push(part: Part): boolean
  /** Ends the response when all has gone out. */
  end(done?: () => void): void
}

/**
 * Writes parts of which some are still being made, in their order, each as soon as it can: a part that is there does not wait for the
 * end of the page. Waits for the visitor where they are slow, and lets go of everything when they leave.
 */
export function writeInOrder(
  response: ServerResponse,
  own: { write(bytes: Uint8Array): boolean; end(): void },
): Ordered {
  const queue: Part[] = []
  let busy = false
  let ending: (() => void) | undefined
  let blocked = false

  const run = async (): Promise<void> => {
    busy = true
    while (queue.length > 0) {
      const next = queue.shift()!
      const bytes = next instanceof Uint8Array ? next : await next
      if (response.destroyed) {
        queue.length = 0
        break
      }
      if (bytes.length > 0 && !own.write(bytes)) await drained(response)
    }
    busy = false
    if (ending !== undefined) ending()
    else if (blocked && !response.destroyed) {
      blocked = false
      response.emit('drain')
    }
  }
  return {
    push(part) {
      // What needs no waiting goes out within the call, as it would without holes.
      if (!busy && part instanceof Uint8Array) {
        if (part.length === 0 || own.write(part)) return true
        return false
      }
      queue.push(part)
      if (!busy) void run()
      blocked = true
      return false
    },
    end(done) {
      ending = () => {
        own.end()
        done?.()
      }
      if (!busy) ending()
    },
  }
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const settle = (): void => {
      response.off('drain', settle).off('close', settle)
      resolve()
    }
    response.on('drain', settle).on('close', settle)
  })
}
