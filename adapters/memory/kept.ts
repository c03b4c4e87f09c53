/** What a bounded map asks of the objects it keeps: enough to weigh, find and expire them. */
export interface Kept {
  readonly key: string
  /** Weight, in bytes. */
  readonly bytes: number
  /** Leaves the map by itself after this moment, ms since the epoch; `Infinity` for never. */
  readonly staleUntil: number
}
