import { awakeMs } from '../support/awake.js'

/** What linear work on a text of hundreds of kilobytes stays far below, and quadratic work far above, even on a busy machine. */
export const QUICK_MS = 3000

/** How long `run` takes, in milliseconds of this process. */
export function elapsedMs(run: () => unknown): number {
  const began = awakeMs()
  run()
  return awakeMs() - began
}
