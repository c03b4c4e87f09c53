import { report, type Core } from '../cache/core.js'
import { changeExact, type Exact, readExact } from '../cache/exact.js'
import { BUCKETS, bucketKey, bucketOf, sessionKey } from './keys.js'

/**
 * Which sessions there are: digests of ids in lists on the store itself, since not every store can say what it holds.
 *
 * A session is entered once, when it begins, and not taken out: who reads a list looks whether its sessions are there. A list
 * that has doubled is cleaned of those that are not. Lists can be evicted like anything else; then `all` and `clear` do
 * not see the sessions that were in them.
 */

/** Lists shorter than this are not cleaned. */
const SHORT = 32

interface List {
  /** How many there were after it was last cleaned. */
  readonly cleaned: number
  readonly digests: readonly string[]
}

function listIn(exact: Exact | undefined): List {
  const text = typeof exact?.value === 'string' ? exact.value : '0'
  const [cleaned, ...digests] = text.split(' ')
  return { cleaned: Number(cleaned), digests }
}

function written({ cleaned, digests }: List, now: number): Omit<Exact, 'place'> {
  const value = [cleaned, ...digests].join(' ')
  return { value, loadedAt: now, freshUntil: Infinity, staleUntil: Infinity }
}

/** Enters a session that has begun. A failure is an event: the session itself is kept. */
export async function enlist(core: Core, name: string, digest: string): Promise<void> {
  const key = bucketKey(name, bucketOf(digest))
  try {
    let size = 0
    let cleaned = 0
    await changeExact(core, key, (current) => {
      const list = listIn(current)
      if (list.digests.includes(digest)) return undefined
      const digests = [...list.digests, digest]
      size = digests.length
      ;({ cleaned } = list)
      return written({ cleaned, digests }, core.clock.now())
    })
    if (size >= SHORT && size >= 2 * cleaned) await clean(core, name, key)
  } catch (error) {
    report(core, error, 'session list', { key })
  }
}

async function clean(core: Core, name: string, key: string): Promise<void> {
  const [exact] = await readExact(core, [key])
  const { digests } = listIn(exact)
  const found = await readExact(
    core,
    digests.map((digest) => sessionKey(name, digest)),
  )
  const gone = new Set(digests.filter((_, index) => found[index] === undefined))
  await changeExact(core, key, (current) => {
    const left = listIn(current).digests.filter((digest) => !gone.has(digest))
    return written({ cleaned: left.length, digests: left }, core.clock.now())
  })
}

/** The digests of all sessions that were entered, also of those that have ended, some hundreds at a time. */
export async function* enlisted(core: Core, name: string): AsyncGenerator<readonly string[]> {
  const step = 512
  for (let from = 0; from < BUCKETS; from += step) {
    const keys = Array.from({ length: step }, (_, at) => bucketKey(name, from + at))
    const digests = (await readExact(core, keys)).flatMap((exact) => listIn(exact).digests)
    for (let at = 0; at < digests.length; at += step) yield digests.slice(at, at + step)
  }
}
