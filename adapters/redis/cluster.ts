import type { Cancel } from '../../src/base/clock.js'
import type { NatMap } from './client.js'
import { unavailable } from './failures.js'
import { Link, type LinkSetup } from './link.js'
import type { Request } from './request.js'
import type { Router } from './router.js'
import { slotOf } from './slot.js'
import type { Address } from './target.js'
import { survey } from './survey.js'
import { keyOf, parseRedirection, type View } from './topology.js'

export interface ClusterSetup extends Omit<
  LinkSetup,
  'masterOnly' | 'make' | 'redirect' | 'onChange'
> {
  readonly seeds: readonly Address[]
  readonly natMap: NatMap | undefined
  readonly make: (address: Address) => ReturnType<LinkSetup['make']>
}

interface Node {
  readonly address: Address
  readonly link: Link
  /** Whether the latest table gave it no slots. */
  absent: boolean
}

/** How often a request follows a redirection, and asks again while its slot is on the move, before we give up. */
const MOST_REDIRECTS = 5
const MOST_TRIES = 2
const TRY_AGAIN_MS = 20
/** How often we look at the table while something is wrong, and while nothing is. */
const UNSETTLED_MS = 300
const SETTLED_MS = 30_000
/** How long views older than ours are refused before we believe that they belong to a cluster that was made anew. */
const MADE_ANEW_MS = 60_000

/**
 * A cluster: one link per master, and the table of who has which slot.
 *
 * The table is asked for at first use, when a server says that a slot is elsewhere, and while a server that has
 * slots cannot be reached, since a replica may have been promoted. Until it is known, requests wait for it, within
 * their deadline. A slot that is on the move is followed request by request (`MOVED`, `ASK`, `TRYAGAIN`: Redis
 * Cluster specification, "Redirection and resharding").
 */
export class ClusterRouter implements Router {
  readonly clustered = true
  onMove: (() => void) | undefined
  readonly #setup: ClusterSetup
  readonly #nodes = new Map<string, Node>()
  /** The node of each slot; empty until the table is known. */
  #table: (Node | undefined)[] = []
  /** How new the table is, by the cluster's own count of changes. */
  #epoch = 0
  #behindSince: number | undefined
  /** Slots that servers have sent us on for since then. */
  readonly #moved = new Map<number, Node>()
  /** What waits for the table. */
  #waiting: Request[] = []
  #asking = false
  #timer: Cancel | undefined
  #closed = false

  constructor(setup: ClusterSetup) {
    this.#setup = setup
  }

  slot(key: string): number {
    return slotOf(key)
  }

  link(slot: number): Link | undefined {
    return this.#table[slot]?.link
  }

  address(slot: number): Address | undefined {
    return this.#table[slot]?.address
  }

  links(): readonly Link[] {
    return [...new Set(this.#table)].flatMap((node) => (node === undefined ? [] : [node.link]))
  }

  send(request: Request): void {
    const link = this.link(request.slot)
    if (link !== undefined) return link.send(request)
    if (this.#closed) return request.failed(unavailable('the store is closed'))
    this.#refresh()
    if (this.#table.length > 0) {
      return request.failed(unavailable(`no server of the cluster has slot ${request.slot}`))
    }
    request.start(this.#setup.deadlines)
    this.#waiting.push(request)
  }

  health(): ReturnType<Router['health']> {
    return [...this.#nodes.values()].map(({ link }) => ({
      server: link.server,
      circuit: link.circuit.state,
    }))
  }

  close(): void {
    this.#closed = true
    this.#timer?.()
    for (const { link } of this.#nodes.values()) link.close()
    this.#release((request) => request.failed(unavailable('the store is closed')))
  }

  #node(address: Address): Node {
    const key = keyOf(address)
    let node = this.#nodes.get(key)
    if (node === undefined) {
      const { make, ...setup } = this.#setup
      const link: Link = new Link(key, {
        ...setup,
        masterOnly: false,
        make: () => make(address),
        redirect: (request, error) => this.#redirect(request, error, address),
        onChange: () => {
          if (!link.circuit.closed) this.#refresh()
          this.onMove?.()
        },
      })
      node = { address, link, absent: false }
      this.#nodes.set(key, node)
    }
    return node
  }

  #redirect(request: Request, error: Error, from: Address): boolean {
    if (this.#closed || request.redirects++ >= MOST_REDIRECTS) return false
    if (error.message.startsWith('TRYAGAIN')) {
      if (request.redirects > MOST_TRIES) return false
      this.#setup.context.clock.after(TRY_AGAIN_MS, () => request.link?.forward(request))
      return true
    }
    const redirection = parseRedirection(error.message, from.host, this.#setup.natMap)
    if (redirection === undefined) {
      this.#refresh()
      return false
    }
    const node = this.#node(redirection.to)
    if (error.message.startsWith('ASK')) request.asking = true
    else {
      this.#table[redirection.slot] = node
      this.#moved.set(redirection.slot, node)
      this.#refresh(node)
    }
    node.link.forward(request)
    return true
  }

  /** Asks for the table, unless somebody does already, and sees to it that it is asked for again later. */
  #refresh(first?: Node): void {
    if (this.#asking || this.#closed) return
    this.#asking = true
    this.#timer?.()
    void this.#ask(first).then((view) => {
      this.#asking = false
      if (this.#closed) return
      if (view !== undefined) this.#learn(view)
      else if (this.#table.length === 0) {
        const error = unavailable('no node of the cluster could be asked')
        this.#release((request) => request.failed(error))
      }
      const settled = view !== undefined && this.links().every(({ circuit }) => circuit.closed)
      const waitMs = settled ? SETTLED_MS : UNSETTLED_MS
      this.#timer = this.#setup.context.clock.after(waitMs, () => this.#refresh())
    })
  }

  /** A view that is as new as the table, of the nodes that are well first. */
  async #ask(first: Node | undefined): Promise<View | undefined> {
    const { seeds, natMap, context } = this.#setup
    const known = [...this.#nodes.values()]
    const nodes = new Set([
      ...(first === undefined ? [] : [first]),
      ...known.filter(({ link }) => link.ready),
      ...seeds.map((seed) => this.#node(seed)).filter(({ link }) => link.circuit.closed),
      ...known,
    ])
    const best = await survey(nodes, this.#epoch, natMap, context.clock)
    return best === undefined || best.epoch >= this.#epoch || this.#madeAnew() ? best : undefined
  }

  /** Whether nobody has known as much as we do for so long that it must be another cluster by now. */
  #madeAnew(): boolean {
    const now = this.#setup.context.clock.now()
    this.#behindSince ??= now
    return now - this.#behindSince > MADE_ANEW_MS
  }

  #learn({ epoch, ranges }: View): void {
    const table: (Node | undefined)[] = []
    for (const { from, to, master } of ranges) {
      const node = this.#node(master)
      for (let slot = from; slot <= to; slot++) table[slot] = node
    }
    // What a server itself sent elsewhere is newer than what another says without having heard of it.
    if (epoch > this.#epoch) this.#moved.clear()
    for (const [slot, node] of this.#moved) table[slot] = node
    this.#epoch = epoch
    this.#behindSince = undefined
    const moved = table.some((node, slot) => node !== this.#table[slot])
    this.#table = table
    const owners = new Set(table)
    for (const [key, node] of this.#nodes) {
      if (owners.has(node)) node.absent = false
      // A node that is well is let go when a second table does not have it: the first may have been an old one.
      else if (node.link.circuit.closed && !node.absent) node.absent = true
      else {
        this.#nodes.delete(key)
        node.link.close()
      }
    }
    this.#release((request) => {
      const link = this.link(request.slot)
      if (link !== undefined) link.forward(request)
      else request.failed(unavailable(`no server of the cluster has slot ${request.slot}`))
    })
    if (moved) this.onMove?.()
  }

  #release(each: (request: Request) => void): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const request of waiting) if (!request.settled) each(request)
  }
}
