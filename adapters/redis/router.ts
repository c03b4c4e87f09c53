import type { ServerHealth } from '../../src/store/store.js'
import type { Address } from './target.js'
import type { Link } from './link.js'
import type { Request } from './request.js'

/** Where things are: on the one server, or on one of a cluster's. */
export interface Router {
  /** Whether keys of one call may lie on several servers. */
  readonly clustered: boolean
  /** The slot of a key: always 0 where there is one server. */
  slot(key: string): number
  /** Sends a request to the server of its slot, with everything else of this tick. Always settles it. */
  send(request: Request): void
  /** The server of a slot; undefined while nothing is known of the cluster. */
  link(slot: number): Link | undefined
  /** Every server that has keys. */
  links(): readonly Link[]
  /** Where to listen for what is published to this slot; undefined means the one server there is. */
  address(slot: number): Address | undefined
  /** Told when the way to a server was lost or found again, or another server has the slots. At most one listener. */
  onMove: (() => void) | undefined
  health(): readonly ServerHealth[]
  close(): void
}
