import { CacheError } from '../../src/base/errors.js'

/** What an error says about the server that answered it. */
export type Blame =
  /** Nothing: this command was refused, others are not. */
  | 'command'
  /** The server cannot serve us, or this connection is of no use: ask again on a new one. */
  | 'server'
  /** The key is, or may be, on another server of the cluster. */
  | 'elsewhere'

// Older servers wrap the error of a command in a script into a message of their own, so the code may be anywhere.
const SERVER = /\b(?:READONLY|LOADING|MASTERDOWN|NOAUTH|WRONGPASS|NOPROTO)\b/
const ELSEWHERE = /^(?:MOVED|ASK|TRYAGAIN|CLUSTERDOWN)\b/

export function blame(error: Error): Blame {
  if (ELSEWHERE.test(error.message)) return 'elsewhere'
  return SERVER.test(error.message) ? 'server' : 'command'
}

/** True for an answer of the server, false for a failure to get one. */
export function isReply(error: Error): boolean {
  return error.name === 'ReplyError'
}

export function unavailable(message: string, cause?: unknown): CacheError {
  return new CacheError('CACHE_STORE_UNAVAILABLE', message, { cause })
}

export function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown))
}
