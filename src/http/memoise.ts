/**
 * Remembers the last results of a pure function over short texts: visitors send few different values of a field, and
 * often.
 *
 * Holds at most `limit` results (default 256), then forgets them all and starts again: no bookkeeping on a hit, and values
 * made up to flood it cost no more than computing. Texts over 256 characters are computed each time.
 */
export function memoise<T>(compute: (text: string) => T, limit: number = 256): (text: string) => T {
  let known = new Map<string, T>()
  return (text) => {
    const found = known.get(text)
    if (found !== undefined) return found
    const result = compute(text)
    if (text.length <= 256) {
      if (known.size >= limit) known = new Map()
      known.set(text, result)
    }
    return result
  }
}
