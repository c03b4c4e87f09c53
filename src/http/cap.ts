import { capLifetimes, formatCacheControl } from './cache-control-format.js'
import { parseCacheControl } from './cache-control.js'
import { type FieldLine, type FieldValues, fieldValue } from './fields.js'
import { formatHttpDate, parseHttpDate } from './http-date.js'
import { parseTargetedCacheControl } from './targeted.js'

/**
 * The lines that have to change so that a response promises no more than `remainingSeconds`: `Cache-Control`, `Expires` and
 * the targeted fields named.
 *
 * A page is not to outlive what it was made of, in a browser or a CDN either. What promises nothing is left alone, and so
 * is what cannot be read, which promises nothing.
 */
export function capFields(
  fields: FieldValues,
  remainingSeconds: number,
  now: number,
  targets: readonly string[] = ['cdn-cache-control'],
): FieldLine[] {
  const changed: FieldLine[] = []
  const cacheControl = fieldValue(fields, 'cache-control')
  if (cacheControl !== undefined) {
    const directives = parseCacheControl(cacheControl)
    const capped = capLifetimes(directives, remainingSeconds)
    if (capped !== directives) changed.push(['cache-control', formatCacheControl(capped)])
  }
  for (const target of targets) {
    const directives = parseTargetedCacheControl(fieldValue(fields, target))
    if (directives === undefined) continue
    const capped = capLifetimes(directives, remainingSeconds)
    if (capped !== directives) changed.push([target, formatCacheControl(capped)])
  }
  const expires = parseHttpDate(fieldValue(fields, 'expires'), now)
  const limit = now + Math.max(0, remainingSeconds) * 1000
  if (expires !== undefined && expires > limit) changed.push(['expires', formatHttpDate(limit)])
  return changed
}
