/** A position in the server's log (`pg_lsn`, `16/B374D848`) as a number. */
export function parsePosition(text: string): bigint {
  const [high = '', low = ''] = text.split('/')
  return (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`)
}

export function formatPosition(position: bigint): string {
  return `${(position >> 32n).toString(16)}/${(position & 0xffff_ffffn).toString(16)}`.toUpperCase()
}

/** Which transactions a query of now would see: `pg_current_snapshot()`. */
export interface Snapshot {
  /** All transactions from this one on have not ended. */
  readonly end: bigint
  /** Those before it that have not ended. */
  readonly running: ReadonlySet<bigint>
}

/** `xmin:xmax:xip,xip` ("Transaction ID and Snapshot Information Functions"). */
export function parseSnapshot(text: string): Snapshot {
  const [, end = '', running = ''] = text.split(':')
  return {
    end: BigInt(end),
    running: new Set(running === '' ? [] : running.split(',').map(BigInt)),
  }
}

/**
 * Whether every query from now on sees a transaction that is known to have committed.
 *
 * @param xid Its number as the log has it: the lower 32 bits, of which the snapshot tells the rest, since transactions that are told apart
 * lie within 2^31 of each other.
 */
export function isVisible(snapshot: Snapshot, xid: number): boolean {
  const { end, running } = snapshot
  const low = BigInt(xid >>> 0)
  let full = ((end >> 32n) << 32n) | low
  if (full - end > 2n ** 31n) full -= 2n ** 32n
  else if (end - full > 2n ** 31n) full += 2n ** 32n
  return full < end && !running.has(full)
}
