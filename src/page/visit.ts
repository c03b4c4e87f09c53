import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Recent } from '../base/recent.js'
import type { Cache } from '../cache/cache.js'
import type { Core } from '../cache/core.js'
import type { FieldValues, KeyedTarget, RequestDirectives } from '../http/index.js'
import type { PageKeys, VariantBound } from './keys.js'
import type { Codings } from './codings.js'
import type { FindUrl } from './known-url.js'
import type { PageSettings } from './options.js'
import type { Passage } from './passage.js'
import type { ReadyPage } from './ready-page.js'
import type { StoredPage } from './stored-page.js'

/** An answer as the handler gave it to the framework. */
export interface HandedOver {
  readonly payload: unknown
  readonly fields: FieldValues
}

/** One request that arrived, and the two ways on. */
export interface Visit {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** Lets the handler answer this very request. */
  readonly proceed: () => void
  /** Has the application answer another request: from the start, as if it had arrived. */
  readonly again: (request: IncomingMessage, response: ServerResponse) => void
  /** Where the framework keeps `user`, `session` and `cookies`. */
  readonly subject: object
  /** The request target as it arrived, where the framework has changed it. Default: that of the request. */
  readonly target?: string | undefined
  /** Told the target that the handler may see, before it runs. */
  readonly narrow?: (target: string) => void
  /**
   * Tells when the handler has handed its answer over whole, with its fields as they were: what is read from then on is read by
   * the framework and its plugins.
   */
  readonly onHandOver?: (listener: (answer: HandedOver) => void) => void
  /** Told that the answer comes from here and not from the framework. */
  readonly answering?: () => void
  /** How a route that has a page cache of its own takes the visit over. */
  readonly passage?: Passage
}

/** What the visits of one page cache share. */
export interface Shared {
  readonly cache: Cache
  readonly core: Core
  readonly settings: PageSettings
  readonly keys: PageKeys
  readonly find: FindUrl
  readonly bound: VariantBound
  /** Keys whose last response was for one visitor: until when nobody waits for another. */
  readonly passes: Recent<{ readonly until: number; readonly why: string }>
  readonly refreshing: Set<string>
  /** Pages in content codings; undefined where they are sent as they are. */
  readonly codings: Codings | undefined
  /** Pages made ready for being sent; undefined for those that cannot be. */
  readonly ready: WeakMap<StoredPage, ReadyPage | undefined>
}

/** One visit with what is known of it. */
export interface Entered {
  readonly visit: Visit
  readonly at: KeyedTarget
  /** The fields the request arrived with. */
  readonly headers: FieldValues
  readonly method: string
  readonly directives: RequestDirectives | undefined
  readonly shared: Shared
}
