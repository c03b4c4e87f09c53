import { textBytes } from './value-walk.js'

const MAX_PARTS = 200

/**
 * A guess at the weight of any value on the heap, in bounded time: its first 200 parts are weighed, what is
 * beyond counts as the average of those. Reads properties, runs nothing else, refuses nothing.
 */
export function estimate(value: unknown): number {
  const queue: unknown[] = [value]
  let bytes = 0
  let beyond = 0
  for (let index = 0; index < queue.length; index++) {
    const part = queue[index]
    if (typeof part === 'string') bytes += textBytes(part)
    else if (typeof part !== 'object' || part === null) bytes += 16
    else if (ArrayBuffer.isView(part) || part instanceof ArrayBuffer) bytes += 200 + part.byteLength
    else beyond += unfold(part, queue)
  }
  return Math.round(bytes + 40 * queue.length + (beyond * bytes) / queue.length)
}

/** Adds the parts of an object to the queue, as many as there is room for, and says how many were left out. */
function unfold(part: object, queue: unknown[]): number {
  let left = 0
  const add = (value: unknown): void => {
    if (queue.length < MAX_PARTS) queue.push(value)
    else left++
  }
  if (Array.isArray(part)) {
    const room = Math.min(part.length, MAX_PARTS - queue.length)
    for (let index = 0; index < room; index++) queue.push(part[index])
    return part.length - room
  }
  if (part instanceof Map || part instanceof Set) {
    const room = MAX_PARTS - queue.length
    let taken = 0
    for (const value of part.values()) {
      if (taken++ >= room) break
      queue.push(value)
    }
    return Math.max(0, part.size - room)
  }
  for (const name of Object.keys(part)) add((part as Record<string, unknown>)[name])
  return left
}
