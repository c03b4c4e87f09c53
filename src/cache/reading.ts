import { invalidOption } from '../base/errors.js'
import type { Ahead } from './ahead.js'
import type { LoaderContext } from './context.js'
import type { Core } from './core.js'
import type { Load } from './load.js'
import type { Looked } from './shared-lookup.js'
import { type GetOrSetOptions, type Policy, resolvePolicy } from './options.js'
import type { Scope } from './scope.js'

/** Knows the truth for one key. */
export type Loader<T> = (context: LoaderContext) => T | Promise<T>

/** How a reader reads: its loader, and what it allows. */
export interface Reading {
  readonly key: string
  readonly loader: Loader<unknown>
  readonly policy: Policy
  readonly signal: AbortSignal | undefined
  readonly fresh: boolean
}

export function createReading(
  key: string,
  loader: Loader<unknown>,
  policy: Policy,
  options: GetOrSetOptions | undefined,
): Reading {
  return { key, loader, policy, signal: options?.signal, fresh: options?.fresh === true }
}

/** The same with what a caller gave; throws what is wrong with it. */
export function readingOf(
  core: Core,
  key: string,
  loader: unknown,
  options: GetOrSetOptions | undefined,
): Reading {
  if (typeof loader !== 'function') throw invalidOption('loader', 'a function', loader)
  const policy = resolvePolicy(core.settings.policy, options)
  return createReading(key, loader as Loader<unknown>, policy, options)
}

/** What a reader knows when it comes to load. */
export interface Beginning extends Looked {
  readonly scope: Scope | undefined
  readonly started: number
  /** A load that it may join. */
  readonly join: Load | undefined
  /** A lease for the load that it may lead. */
  readonly ahead?: Ahead | undefined
}
