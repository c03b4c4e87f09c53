import { connect, type Socket } from 'node:net'

/** What happens to bytes on their way. */
export type Weather =
  | { readonly kind: 'pass' | 'blackhole' | 'hold-answers' }
  | { readonly kind: 'delay'; readonly ms: number }
  | { readonly kind: 'drop' | 'reset'; readonly bytes: number }

/** One client's connection through the proxy. */
export interface Carried {
  change(weather: Weather): void
  reset(): void
}

interface Counts {
  requestBytes: number
  answerBytes: number
}

/** Carries bytes between a client and the server at `port` until both are done; `closed` is called once. */
export function carry(
  client: Socket,
  port: number,
  weather: Weather,
  counts: Counts,
  closed: () => void,
): Carried {
  const server = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
  let present = weather
  let left = budgetOf(weather)
  let lostBytes = false
  let done = false

  const reset = () => {
    if (done) return
    done = true
    client.resetAndDestroy()
    server.resetAndDestroy()
    closed()
  }
  const requests = lane({
    to: server,
    isHeld: () => present.kind === 'blackhole',
    delayMs: () => 0,
    send(chunk) {
      counts.requestBytes += chunk.length
      server.write(chunk)
    },
  })
  const answers = lane({
    to: client,
    isHeld: () => isHolding(present),
    delayMs: () => (present.kind === 'delay' ? present.ms : 0),
    send(chunk) {
      const part = chunk.subarray(0, left)
      left -= part.length
      counts.answerBytes += part.length
      client.write(part)
      if (part.length === chunk.length && left > 0) return
      if (present.kind === 'reset') reset()
      else if (part.length < chunk.length) lostBytes = true
    },
  })
  client.on('data', requests.put)
  server.on('data', answers.put)
  client.once('end', requests.end)
  server.once('end', answers.end)
  // A client that has gone must not take its requests with it: they are on their way.
  client.once('error', requests.end)
  client.once('close', () => {
    requests.end()
    answers.drain()
  })
  // While answers are held, the client hears nothing of a server that went either.
  server.once('error', () => (isHolding(present) ? (lostBytes = true) : reset()))
  server.once('close', () => {
    if (done || (isHolding(present) && !client.destroyed)) return
    done = true
    client.destroySoon()
    closed()
  })
  return {
    change(next) {
      if (lostBytes) return reset()
      present = next
      left = budgetOf(next)
      requests.pump()
      answers.pump()
    },
    reset,
  }
}

const isHolding = (weather: Weather): boolean =>
  weather.kind === 'blackhole' || weather.kind === 'hold-answers'

const budgetOf = (weather: Weather): number => ('bytes' in weather ? weather.bytes : Infinity)

interface Lane {
  readonly put: (chunk: Buffer) => void
  readonly end: () => void
  /** Sends what may be sent now. */
  pump(): void
  /** Throws away what comes from now on: nobody is there to get it. */
  drain(): void
}

/** One direction of a connection: chunks in order, each no earlier than it is due, none while held. */
function lane(way: {
  readonly to: Socket
  isHeld(): boolean
  delayMs(): number
  send(chunk: Buffer): void
}): Lane {
  const queue: { readonly chunk: Buffer | null; readonly dueAt: number }[] = []
  let timer: NodeJS.Timeout | undefined
  let ended = false
  let drained = false
  const pump = () => {
    clearTimeout(timer)
    while (queue[0] && !way.isHeld()) {
      const waitMs = queue[0].dueAt - performance.now()
      if (waitMs > 0) {
        timer = setTimeout(pump, waitMs)
        return
      }
      const { chunk } = queue.shift()!
      if (drained || way.to.destroyed) continue
      if (chunk) way.send(chunk)
      else way.to.end()
    }
  }
  const add = (chunk: Buffer | null) => {
    queue.push({ chunk, dueAt: performance.now() + way.delayMs() })
    pump()
  }
  return {
    put: add,
    end() {
      if (ended) return
      ended = true
      add(null)
    },
    pump,
    drain() {
      drained = true
      queue.length = 0
    },
  }
}
