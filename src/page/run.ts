import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Core } from '../cache/core.js'
import type { Marks } from '../fragment/marks.js'
import type { FieldValues, ForwardReason } from '../http/index.js'
import type { Capture } from './capture.js'
import type { PageSettings } from './options.js'
import type { Kept, StoredPage } from './stored-page.js'
import type { Visit } from './visit.js'

/** A run of the handler whose response is for the one visitor who has got it. */
export interface Refused {
  readonly refused: string
}

/** What a run of the handler gave. */
export type Made = Kept | Refused

/** The handler says that some page still holds, and it is not the one it was asked about: it has to be run without asking. */
export const UNCONFIRMED: Refused = Object.freeze({ refused: 'unconfirmed' })

/** The handler failed while a stale page may still be served: the reason for the engine to do so. */
export class HandlerFailure extends Error {
  override readonly name = 'HandlerFailure'
}

/** One run of the handler. */
export interface Run {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly subject: object
  /** The fields the request came with, whatever the handler is shown. */
  readonly headers: FieldValues
  readonly url: string
  readonly host: string
  /** The names that the key tells apart. */
  readonly names: readonly string[]
  readonly settings: PageSettings
  readonly core: Core
  /** The tags that the route gives the page; empty where nobody is told of tags. */
  readonly tags: readonly string[]
  /** Remembers what a URL varies on; resolves when it is remembered. */
  readonly remember: (names: readonly string[]) => Promise<void>
  /** Why the handler runs. */
  readonly reason: ForwardReason
  /** Whether the handler is asked about a stale page. */
  readonly asks: boolean
  readonly identified: boolean
  readonly requestNoStore: boolean
  /** See `Visit`. */
  readonly onHandOver: Visit['onHandOver'] | undefined
  /** What stands for the holes in what the handler writes; undefined where there are none. */
  readonly marks: Marks | undefined
  /** True for the visitor's own response, which then goes out while it is captured. */
  readonly attended: boolean
}

/** What the run of a visitor's own request leaves behind. */
export interface Attempt {
  capture: Capture | undefined
  /** A page for this visitor alone: validated, and no longer for others. */
  own: StoredPage | undefined
  /** A route keeps the page itself: nothing is to be done for this visitor here. */
  left: boolean
}
