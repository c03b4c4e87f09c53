import type { Clock } from '../../src/base/clock.js'
import type { Random } from '../../src/base/random.js'
import type { OutsideEvent } from './events.js'
import { createFeed, type Feed } from './feed.js'
import { keepOpen, type Held } from './keep-open.js'
import type { Listening } from './listen-options.js'
import type { ChangeSink } from './sink.js'

export interface HearSettings {
  readonly tell: (event: OutsideEvent) => void
  readonly retryAtMostMs: number
  readonly clock: Clock
  readonly random: Random
}

/** Keeps a source of changes open and feeds what it tells to the queries, until it is closed. */
export function hear(
  queries: ChangeSink,
  { tell, retryAtMostMs, clock, random }: HearSettings,
  open: (feed: Feed, signal: AbortSignal) => Promise<Held>,
): Listening {
  const ending = new AbortController()
  const feed = createFeed(queries, tell, ending.signal)
  const kept = keepOpen({
    async open(signal) {
      const held = await open(feed, signal)
      tell({ type: 'up' })
      return held
    },
    onDown: (error) => tell({ type: 'down', error }),
    retryAtMostMs,
    clock,
    random,
  })
  const close = async (): Promise<void> => {
    ending.abort()
    await kept.close()
    await feed.idle()
  }
  return { ready: kept.ready, close, [Symbol.asyncDispose]: close }
}
