import type { Kept } from '../../adapters/memory/kept.js'

/** The least that a bounded map keeps. */
export type Thing = Kept

export function thing(
  key: string,
  { bytes = 1, staleUntil = Infinity }: { bytes?: number; staleUntil?: number } = {},
): Thing {
  return { key, bytes, staleUntil }
}
