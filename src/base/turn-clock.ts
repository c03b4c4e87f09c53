import { systemClock, type Clock } from './clock.js'

/**
 * The time for those who ask for it in every hit: reading the machine's clock costs as much as finding an entry.
 *
 * Many questions in one turn of the event loop are answered from one reading, if what they ask about ends clearly later.
 * The reading is forgotten at the end of the turn, so nothing that happens between turns (waiting, a machine that sleeps) can make
 * it old, and it is repeated after a few answers. What this can do at most: in a turn that has asked many times in one
 * millisecond and then works for more than 100 ms without asking, the next few questions of the same turn are
 * answered as if that work had taken no time.
 */

/** How many questions in the same millisecond make a turn one that asks often. */
const OFTEN = 8
/** How many answers one reading is good for. */
const ANSWERS = 32
/** What ends sooner than this after the reading is always asked of the clock itself. */
const CLEARLY_MS = 100

/** The clock of the machine, unless tests had put another in its place by then; where they do so later, it is another function. */
const machine = /\[native code\]/.test(String(Date.now)) ? Date.now : undefined

let reading = 0
let repeats = 0
/** Answers that the reading is still good for. */
let left = 0
/** This turn asks often: the reading will be forgotten at its end. */
let isOften = false

/** Whether a moment, ms since the epoch, is still to come. Exact by any clock but the system's. */
export function isAhead(clock: Clock, moment: number): boolean {
  if (clock !== systemClock) return clock.now() < moment
  if (left > 0 && moment - reading > CLEARLY_MS && Date.now === machine) {
    left--
    return true
  }
  return look() < moment
}

function look(): number {
  const now = systemClock.now()
  if (now !== reading) {
    reading = now
    repeats = 0
  } else if (!isOften && ++repeats >= OFTEN) {
    isOften = true
    process.nextTick(forget)
  }
  left = isOften ? ANSWERS : 0
  return now
}

function forget(): void {
  isOften = false
  left = 0
  repeats = 0
}
