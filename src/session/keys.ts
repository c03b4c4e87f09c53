import { hash } from 'node:crypto'
import { canonicalKey } from '../base/stable-key.js'

/** Lists that the ids of a cache are spread over: one is a few kilobytes where there are a million sessions. */
export const BUCKETS = 4096

/**
 * What an id is known by in keys, events and lists: a digest. A visitor chooses what stands in a cookie; any text of any length
 * becomes 22 characters, and who sees the keys of a store (a monitor, a log, a slow log) sees no id.
 */
export function digestOf(id: string): string {
  return hash('sha256', id, 'base64url').slice(0, 22)
}

export function sessionKey(name: string, digest: string): string {
  return canonicalKey(['keepfresh:session', name, digest])
}

export function bucketKey(name: string, bucket: number): string {
  return canonicalKey(['keepfresh:sessions', name, bucket])
}

export function bucketOf(digest: string): number {
  return Buffer.from(digest.slice(0, 4), 'base64url').readUInt16BE(0) % BUCKETS
}
