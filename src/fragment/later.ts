import { AsyncLocalStorage } from 'node:async_hooks'
import { CacheError } from '../base/errors.js'
import type { Markup } from './fragment.js'
import { Marks } from './marks.js'

/** Markup that a template has asked for and that is still being made. */
interface Waiting {
  readonly marks: Marks
  readonly parts: Promise<Markup>[]
}

const waiting = new AsyncLocalStorage<Waiting | undefined>()

/**
 * For template engines that cannot wait (Handlebars, Pug): stands for markup that is still being made, until `whole` puts it in. All
 * that a template asks for is made at once. What is returned consists of letters and digits, so escaping does not change it.
 *
 * @throws {CacheError} `CACHE_SCOPE_VIOLATION` outside of `whole` and of fragments.
 */
export function later(markup: Markup | Promise<Markup>): string {
  const state = waiting.getStore()
  if (state === undefined) {
    throw new CacheError(
      'CACHE_SCOPE_VIOLATION',
      'nobody waits for what this template asks for: render it within whole(() => template(data))',
    )
  }
  const part = Promise.resolve(markup)
  // Its failure is told by `whole`, which may not be there yet.
  part.catch(() => {})
  return state.marks.place(String(state.parts.push(part) - 1))
}

/**
 * Renders a template and waits for what it asks for with `later`. Fragments do so by themselves.
 *
 * A failing part rejects with its own error.
 */
export async function whole<M extends Markup>(render: () => M | Promise<M>): Promise<M> {
  const state: Waiting = { marks: new Marks(), parts: [] }
  const markup = await waiting.run(state, render)
  if (!state.marks.used) return markup
  const parts = await Promise.all(state.parts)
  const { pieces, names } = state.marks.split(markup)
  return join(pieces, (at) => parts[Number(names[at])]!)
}

/** Pieces with something between them, as what the pieces are. */
export function join<M extends Markup>(pieces: readonly M[], between: (at: number) => Markup): M {
  const all: Markup[] = []
  pieces.forEach((piece, at) => {
    if (at > 0) all.push(between(at - 1))
    all.push(piece)
  })
  return (typeof pieces[0] === 'string' ? textOf(all) : Buffer.concat(all.map(bytesOf))) as M
}

function textOf(all: readonly Markup[]): string {
  return all
    .map((part) => (typeof part === 'string' ? part : Buffer.from(part).toString()))
    .join('')
}

function bytesOf(part: Markup): Uint8Array {
  return typeof part === 'string' ? Buffer.from(part) : part
}
