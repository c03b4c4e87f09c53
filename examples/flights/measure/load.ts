/**
 * Visitors: a process of its own that asks for pages over twenty connections, so that making the load
 * and answering it do not share a thread. Started by `measure.ts`, which gives it an `Order`.
 */
import autocannon from 'autocannon'
import { type Visit, visits } from './mix.ts'

export interface Order {
  readonly url: string
  readonly connections: number
  /** The longest warm-up; the message `'warm'` ends it sooner. */
  readonly warmUpSeconds: number
  readonly seconds: number
  /** Airport codes, those with most flights first. */
  readonly airports: readonly string[]
  /** Flights that visitors look at and change, most visited first. */
  readonly flights: readonly number[]
}

export interface Outcome {
  readonly requestsPerSecond: number
  readonly p50: number
  readonly p99: number
  /** Answers that were not a page or a redirect, and connections that broke. */
  readonly failed: number
}

/** From here to `measure.ts`: the warm-up is over, and in the end the outcome. */
export type Report = 'measuring' | Outcome

process.once('disconnect', () => process.exit())
process.once('message', async (order: Order) => {
  const warmUp = visit(order, order.warmUpSeconds, 0)
  process.once('message', () => warmUp.stop())
  await warmUp
  process.send?.('measuring' satisfies Report)
  process.send?.((await measured(order)) satisfies Report)
})

async function measured(order: Order): Promise<Outcome> {
  const latencies: number[] = []
  let failed = 0
  const visiting = visit(order, order.seconds, order.connections)
  visiting.on('response', (_client, status, _bytes, milliseconds) => {
    latencies.push(milliseconds)
    if (status >= 400) failed++
  })
  visiting.on('reqError', () => failed++)
  await visiting
  latencies.sort((a, b) => a - b)
  const at = (share: number) => latencies[Math.floor(share * (latencies.length - 1))] ?? 0
  return {
    requestsPerSecond: latencies.length / order.seconds,
    p50: at(0.5),
    p99: at(0.99),
    failed,
  }
}

/** Visitors for some seconds; other visitors for another `seed`. */
function visit(order: Order, seconds: number, seed: number): autocannon.Run {
  let connection = seed
  return autocannon({
    url: order.url,
    connections: order.connections,
    duration: seconds,
    setupClient: (client) => client.setRequests(visits(order, connection++, 1000).map(request)),
  })
}

function request({ path, form }: Visit): autocannon.Request {
  if (form === undefined) return { method: 'GET', path }
  return {
    method: 'POST',
    path,
    body: form,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  }
}
