/** What a bounded map asks of the objects it keeps: enough to weigh, find and expire them. */
export interface Kept {
  readonly key: string
  /** Weight, in bytes. */
  readonly bytes: number
  /** Leaves the map by itself after this moment, ms since the epoch; `Infinity` for never. */
  readonly staleUntil: number
  /** The entry's place in the map's tables; written by the map alone, negative while outside. */
  slot: number
}
