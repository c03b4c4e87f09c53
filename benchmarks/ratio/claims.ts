import type { Cell, Measured } from './cells.ts'

/** From this share of the keys on, the claims hold. */
const FROM = 0.01
const NEVER_BELOW_LRU_BY = 0.001
const ABOVE_LRU_ON_AVERAGE = 0.02

/** What the documentation says of the policies, as sentences that are false here; none when all hold. */
export function brokenClaims({ byEntries, byBytes }: Measured): string[] {
  const broken: string[] = []
  for (const cell of [...byEntries, ...byBytes]) {
    if (cell.lru !== cell.floor) {
      broken.push(
        `${where(cell)}: policy 'lru' has ${points(cell.lru - cell.floor)} against lru-cache`,
      )
    }
  }
  const large = byEntries.filter(({ share }) => share >= FROM)
  for (const cell of [...large, ...byBytes.filter(({ share }) => share >= FROM)]) {
    const gain = cell.s3Fifo - cell.lru
    if (gain < -NEVER_BELOW_LRU_BY) broken.push(`${where(cell)}: 's3-fifo' has ${points(gain)}`)
  }
  const gain = averageGain(large)
  if (!(gain >= ABOVE_LRU_ON_AVERAGE)) {
    broken.push(`'s3-fifo' has ${points(gain)} on average from ${FROM * 100} % of the keys upwards`)
  }
  for (const cell of byEntries) {
    if (Math.max(cell.lru, cell.s3Fifo) > cell.optimum) {
      broken.push(`${where(cell)}: more hits than the optimum, so the measurement is wrong`)
    }
  }
  return broken
}

export function averageGain(cells: readonly Pick<Cell, 'lru' | 's3Fifo'>[]): number {
  return cells.reduce((sum, { lru, s3Fifo }) => sum + s3Fifo - lru, 0) / cells.length
}

export function points(difference: number): string {
  return `${difference < 0 ? '−' : '+'}${Math.abs(difference * 100).toFixed(2)} points`
}

function where({ trace, share }: Pick<Cell, 'trace' | 'share'>): string {
  return `${trace} at ${share * 100} %`
}
