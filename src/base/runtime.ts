import { CacheError } from './errors.js'

/**
 * Says what is wrong where Node is too old. npm only warns of `engines`, and without this the first load would fail of a function that
 * is not there, at a line of ours.
 *
 * @throws {CacheError} `CACHE_UNSUPPORTED` before Node 22, as far as can be seen by what is there.
 */
export function assertRuntime(): void {
  const { withResolvers } = Promise as { withResolvers?: unknown }
  if (typeof withResolvers === 'function') return
  throw new CacheError(
    'CACHE_UNSUPPORTED',
    `keepfresh needs Node 22.12 or later, this is ${process.version}`,
  )
}
