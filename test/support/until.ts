import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Waits until `holds` answers true, asking again every few milliseconds; a rejection counts as not yet.
 *
 * For what another process does in its own time, such as a failover. What this process does is waited for directly.
 */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  { deadlineMs = 30_000 }: { readonly deadlineMs?: number } = {},
): Promise<void> {
  const deadline = performance.now() + deadlineMs
  for (let last: unknown; ;) {
    try {
      if (await holds()) return
    } catch (error) {
      last = error
    }
    if (performance.now() > deadline)
      throw new Error(`waited in vain until ${what}`, { cause: last })
    await sleep(20)
  }
}
