import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { carry, type Carried, type Weather } from './proxy-connection.js'
import { freePort } from './servers/ports.js'

/**
 * A TCP proxy in front of a server, with faults that tests switch while connections are open.
 *
 * Each method that names a fault replaces the fault before it, for connections that are open as well as for new ones; it is in force when the
 * method resolves.
 */
export interface Proxy extends AsyncDisposable {
  readonly host: '127.0.0.1'
  readonly port: number
  /** No fault. What was held is delivered in order; connections that lost bytes are reset, since what follows would make no sense. */
  pass(): Promise<void>
  /**
   * Connections are accepted, nothing is answered, nothing arrives. As on a network that is cut, requests are not lost: they reach the server
   * after `pass`, also when their client has given up and closed its connection meanwhile.
   */
  blackhole(): Promise<void>
  /** Requests reach the server and are carried out; their answers wait until `pass`. */
  holdAnswers(): Promise<void>
  /** Each answer arrives `ms` later, in order; answers on their way together are late together. */
  delay(ms: number): Promise<void>
  /** Each connection goes silent after `bytes` more bytes of answers; the rest is lost. */
  drop(bytes: number): Promise<void>
  /** Each connection is reset after `bytes` more bytes of answers: in the middle of one, if they end there. */
  reset(bytes: number): Promise<void>
  /** Connections are reset and new ones refused, as if nothing listened. */
  refuse(): Promise<void>
  /** Resets the connections that are open; new ones find the present fault. */
  cut(): void
  /** What has passed so far. */
  readonly counts: ProxyCounts
  stop(): Promise<void>
}

export interface ProxyCounts {
  /** Connections accepted. */
  readonly accepted: number
  /** Connections open now. */
  readonly open: number
  /** Bytes that reached the server. */
  readonly requestBytes: number
  /** Bytes that reached clients. */
  readonly answerBytes: number
}

/** Starts a proxy to `target`, which need not be there yet. A client finds a missing target as a connection that is reset at once. */
export async function startProxy(target: { readonly port: number }): Promise<Proxy> {
  const port = await freePort()
  const open = new Set<Carried>()
  const clients = new Set<Socket>()
  const counts = { accepted: 0, open: 0, requestBytes: 0, answerBytes: 0 }
  let weather: Weather = { kind: 'pass' }
  const listener = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    clients.add(client)
    client.once('close', () => clients.delete(client))
    counts.accepted++
    counts.open++
    const carried = carry(client, target.port, weather, counts, () => {
      counts.open--
      open.delete(carried)
    })
    open.add(carried)
  })
  const listen = async () => {
    listener.listen(port, '127.0.0.1')
    await once(listener, 'listening')
  }
  const change = async (next: Weather) => {
    weather = next
    for (const each of open) each.change(next)
    if (!listener.listening) await listen()
  }
  const cut = () => {
    for (const each of open) each.reset()
    for (const client of clients) client.resetAndDestroy()
  }
  const refuse = async () => {
    if (!listener.listening) return
    const closed = once(listener, 'close')
    listener.close()
    cut()
    await closed
  }
  await listen()
  return {
    host: '127.0.0.1',
    port,
    pass: () => change({ kind: 'pass' }),
    blackhole: () => change({ kind: 'blackhole' }),
    holdAnswers: () => change({ kind: 'hold-answers' }),
    delay: (ms) => change({ kind: 'delay', ms }),
    drop: (bytes) => change({ kind: 'drop', bytes }),
    reset: (bytes) => change({ kind: 'reset', bytes }),
    refuse,
    cut,
    counts,
    stop: refuse,
    [Symbol.asyncDispose]: refuse,
  }
}
