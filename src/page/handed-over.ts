import type { Captured } from './stored-page.js'
import type { HandedOver } from './visit.js'

/**
 * Plugins of a framework read the visitor's session when an answer goes out, to save it. That makes no page personal, unless
 * they have put something of it into the answer: so the answer has to be what the handler gave, to the byte.
 */

/** Fields that a framework sets by itself when it sends. */
const FRAMEWORK = new Set([
  'cache-status',
  'connection',
  'content-length',
  'content-type',
  'date',
  'keep-alive',
  'transfer-encoding',
])

/** The answer with its data as JSON, written now, since writing it may read the session; undefined where that fails. */
export function withText({ payload, fields }: HandedOver): HandedOver | undefined {
  if (typeof payload === 'string' || payload instanceof Uint8Array) return { payload, fields }
  try {
    return { payload: JSON.stringify(payload), fields }
  } catch {
    return undefined
  }
}

/** True when a response is what the handler gave. */
export function isAsHandedOver(
  { body, lines }: Pick<Captured, 'body' | 'lines'>,
  { payload, fields }: HandedOver,
): boolean {
  const isSame = lines.every(
    ([name, value]) => FRAMEWORK.has(name) || [fields[name]].flat().map(String).includes(value),
  )
  return isSame && Buffer.from(payload as string | Uint8Array).equals(body)
}
