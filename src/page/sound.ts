import { findUnsafeLine, isStoredStatus } from '../http/index.js'
import type { Kept } from './stored-page.js'

/** Values that were looked at: an entry in process memory is the same object for every visitor. */
const known = new WeakSet<object>()

/**
 * True for what this package has kept, as far as it can be seen. A store that others write to, or that an older version wrote to,
 * may hold anything under a key; what cannot go out as it stands is no page.
 */
export function isSound(value: unknown): value is Kept {
  if (typeof value !== 'object' || value === null) return false
  if (known.has(value)) return true
  if (!looksKept(value)) return false
  known.add(value)
  return true
}

function looksKept(value: object): boolean {
  const { vary, variant, page } = value as Partial<Record<keyof Kept, unknown>>
  if (!Array.isArray(vary) || !vary.every(isText) || !isText(variant)) return false
  if (page === null) return true
  if (typeof page !== 'object') return false
  const { status, lines, body, freshness } = page as Record<string, unknown>
  if (typeof status !== 'number' || !isStoredStatus(status)) return false
  if (!Array.isArray(lines) || !lines.every(isLine) || findUnsafeLine(lines) !== undefined) {
    return false
  }
  return body instanceof Uint8Array && isFreshness(freshness)
}

function isFreshness(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const { bornAt, lifetimeMs } = value as Record<string, unknown>
  return typeof bornAt === 'number' && typeof lifetimeMs === 'number'
}

function isLine(value: unknown): value is [string, string] {
  return Array.isArray(value) && value.length === 2 && value.every(isText)
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}
