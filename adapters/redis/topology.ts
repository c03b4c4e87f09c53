import type { NatMap } from './client.js'
import { unavailable } from './failures.js'
import type { Link } from './link.js'
import { Request } from './request.js'
import { SLOTS } from './slot.js'
import type { Address } from './target.js'

/** Consecutive slots and the master that has them. */
export interface Range {
  readonly from: number
  readonly to: number
  readonly master: Address
}

/** How a cluster looks to one of its nodes. */
export interface View {
  /** The cluster's count of changes, as far as this node has heard of them: who knows of a failover counts further. */
  readonly epoch: number
  readonly ranges: readonly Range[]
}

/** Asks one node how the cluster looks; rejects when it does not say. */
export async function askForView(
  link: Link,
  askedHost: string,
  natMap: NatMap | undefined,
): Promise<View> {
  // In this order: what is known of the slots is then at least as new as the count.
  const [info, slots] = await Promise.all([ask(link, 'info').catch(() => ''), ask(link, 'slots')])
  const ranges = parseSlots(slots, askedHost, natMap)
  if (ranges.length === 0) throw unavailable('it knows of no slots')
  const epoch = Number(/cluster_current_epoch:(\d+)/.exec(String(info))?.[1] ?? 0)
  return { epoch, ranges }
}

function ask(link: Link, what: 'info' | 'slots'): Promise<unknown> {
  return new Promise((answered, refused) => {
    link.send(new Request('cluster', [what], 0, { answered, refused }))
  })
}

/** Reads the answer to CLUSTER SLOTS: ranges of slots, each with its master first and its replicas after it. */
function parseSlots(
  answer: unknown,
  askedHost: string,
  natMap: NatMap | undefined,
): readonly Range[] {
  if (!Array.isArray(answer)) return []
  return answer.flatMap((range: unknown) => {
    if (!Array.isArray(range) || !Array.isArray(range[2])) return []
    const [from, to] = [Number(range[0]), Number(range[1])]
    const master = addressOf(String(range[2][0] ?? ''), Number(range[2][1]), askedHost, natMap)
    return isSlot(from) && isSlot(to) && master !== undefined ? [{ from, to, master }] : []
  })
}

/** Where a redirection leads, as in `MOVED 3999 127.0.0.1:6381`; undefined when it makes no sense. */
export function parseRedirection(
  message: string,
  askedHost: string,
  natMap: NatMap | undefined,
): { readonly slot: number; readonly to: Address } | undefined {
  const match = /^(?:MOVED|ASK) (\d{1,5}) (\S*):(\d{1,5})(?:\s|$)/.exec(message)
  if (match === null) return undefined
  const slot = Number(match[1])
  const to = addressOf(match[2]!, Number(match[3]), askedHost, natMap)
  return isSlot(slot) && to !== undefined ? { slot, to } : undefined
}

/** A node that does not know its own name means the one by which we asked. */
function addressOf(
  host: string,
  port: number,
  askedHost: string,
  natMap: NatMap | undefined,
): Address | undefined {
  if (!(port > 0 && port < 65_536)) return undefined
  const known = { host: host === '' || host === '?' ? askedHost : host, port }
  const key = keyOf(known)
  return (typeof natMap === 'function' ? natMap(key) : natMap?.[key]) ?? known
}

export function keyOf({ host, port }: Address): string {
  return `${host}:${port}`
}

const isSlot = (slot: number): boolean => Number.isInteger(slot) && slot >= 0 && slot < SLOTS
