import type { Argument } from './client.js'
import { toError } from './failures.js'
import type { Names } from './names.js'
import { Request } from './request.js'
import type { Router } from './router.js'
import type { Script } from './scripts.js'

/** Sends one command to the server of a slot. */
export function command(
  router: Router,
  name: string,
  args: Argument[],
  slot: number,
  fenced = false,
): Promise<unknown> {
  return new Promise((answered, refused) => {
    router.send(new Request(name, args, slot, { answered, refused }, fenced))
  })
}

/** Runs a script where its keys live. */
export function run(
  router: Router,
  script: Script,
  keys: readonly string[],
  args: readonly Argument[],
  fenced = false,
): Promise<unknown> {
  const all = [script.sha, keys.length, ...keys, ...args]
  return command(router, 'evalsha', all, router.slot(keys[0]!), fenced)
}

/** What goes to one slot: all there is, on one server. */
export interface Part {
  /** Places of keys in the caller's list. */
  readonly keys: number[]
  /** Names of records. */
  readonly records: string[]
}

/** Keys, or records, in one script at most: the server does nothing else meanwhile. */
const MOST = 500

/** Divides keys and records by slot, and what is too much for one script. */
export function divide(
  { router, names }: { readonly router: Router; readonly names: Names },
  keys: readonly string[],
  records: Iterable<string>,
): Part[] {
  const parts: Part[] = []
  const open = new Map<number, Part>()
  const partOf = (name: string, list: keyof Part): Part => {
    const slot = router.slot(name)
    let part = open.get(slot)
    if (part === undefined || part[list].length === MOST) {
      open.set(slot, (part = { keys: [], records: [] }))
      parts.push(part)
    }
    return part
  }
  for (let at = 0; at < keys.length; at++) partOf(names.entry(keys[at]!), 'keys').keys.push(at)
  for (const name of records) partOf(name, 'records').records.push(name)
  return parts
}

/** Leases and entries of a part's keys, as scripts take them. */
export function pairs(names: Names, keys: readonly string[], part: Part): string[] {
  return part.keys.flatMap((at) => [names.lease(keys[at]!), names.entry(keys[at]!)])
}

/** A time to live as scripts take it: whole milliseconds, or '' for ever. */
export function lifetime(keepMs: number): number | '' {
  // Beyond this, adding the time of day overflows on the server.
  return keepMs > 1e15 ? '' : Math.max(1, Math.ceil(keepMs))
}

/** All that succeeded, and why the rest did not; rejects when nothing did. */
export async function settle<T>(parts: readonly Promise<T>[]): Promise<readonly (T | Error)[]> {
  if (parts.length === 1) return [await parts[0]!]
  const results = await Promise.allSettled(parts)
  const failed = results.find((result) => result.status === 'rejected')
  if (failed !== undefined && results.every((result) => result.status === 'rejected')) {
    throw failed.reason
  }
  return results.map((result) =>
    result.status === 'fulfilled' ? result.value : toError(result.reason),
  )
}

/** The answer about each key, or why there is none. In a reply they begin at `from`: by default they come first. */
export function answersFor(
  keys: readonly string[],
  parts: readonly Part[],
  replies: readonly unknown[],
  from: (part: Part) => number = () => 0,
): unknown[] {
  const answers: unknown[] = []
  answers.length = keys.length
  parts.forEach((part, n) => {
    const reply = replies[n]
    const first = from(part)
    part.keys.forEach((place, at) => {
      answers[place] = reply instanceof Error ? reply : (reply as unknown[])[first + at]
    })
  })
  return answers
}
