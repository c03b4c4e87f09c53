import type { Server } from 'node:http'
import type { Place, ServerKind } from '../../test/support/servers/server.js'
import type { Page } from './page.js'

/** What can be asked of somebody: a page from storage, a page of its own at each request, a 304. */
export type Question = 'hit' | 'miss' | 'not-modified'

interface Named {
  readonly name: string
  /** Whose versions are printed. */
  readonly packages: readonly string[]
  /** What it has an answer for; a plain handler has no hits, and is asked for a page all the same. */
  readonly answers: readonly Question[]
  /** The contender that does the same without a cache, by name. Default: none. */
  readonly beside?: string
}

/** Answers within Node. */
export interface Application extends Named {
  readonly kind: 'application'
  readonly isPeer: boolean
  /** Listens on a free port of 127.0.0.1, under `/page/:id`. */
  listen(page: Page): Promise<Server> | Server
}

/** A program in front of an application, which is plain Express. */
export interface Front extends Named {
  readonly kind: 'front'
  /** What has to be installed. */
  readonly program: string
  prepare(place: Place, origin: number): Promise<void>
  command(place: Place): ReturnType<ServerKind['command']>
}

/** Somebody who sends pages, in the way its documentation advises. One file each, so that a reader can disagree with it. */
export type WebContender = Application | Front
