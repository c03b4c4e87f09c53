import { CacheError } from './errors.js'

const told = new Set<string>()

/**
 * The error for a store whose client library is not installed, which the process is also warned of, once.
 *
 * A store that cannot be reached never fails a read, so without the warning an application that forgot to install its client
 * would run on without a cache, and say so to nobody but a listener to `error`. Waiting does not mend this one.
 *
 * @param message What is missing, and the command that installs it.
 */
export function missingPeer(message: string, cause: unknown): CacheError {
  if (!told.has(message)) {
    told.add(message)
    process.emitWarning(message, { type: 'CacheWarning', code: 'CACHE_PEER_MISSING' })
  }
  return new CacheError('CACHE_PEER_MISSING', message, { cause })
}
