/** Reads a canonical key back: that this can be written shows that no two keys share a text. */
export function parseCanonical(canonical: string): unknown {
  if (canonical.charCodeAt(0) !== 1) return canonical
  const rest = canonical.slice(1)
  if (rest.charCodeAt(0) === 1) return rest
  const reader = { text: rest, at: 0 }
  const value = readPart(reader)
  if (reader.at !== rest.length) throw new Error(`left over: ${rest.slice(reader.at)}`)
  return value
}

interface Reader {
  readonly text: string
  at: number
}

function readPart(reader: Reader): unknown {
  const { text } = reader
  switch (text[reader.at]) {
    case "'":
      return readQuoted(reader)
    case '[': {
      const values: unknown[] = []
      readList(reader, ']', () => values.push(readPart(reader)))
      return values
    }
    case '(': {
      const value: Record<string, unknown> = {}
      readList(reader, ')', () => {
        const name = text[reader.at] === "'" ? readQuoted(reader) : readWord(reader, /[\w$]+/y)
        reader.at++
        Object.defineProperty(value, name, {
          value: readPart(reader),
          writable: true,
          enumerable: true,
          configurable: true,
        })
      })
      return value
    }
    case '@':
      reader.at++
      return new Date(Number(readWord(reader, /[\w.+-]+/y)))
    case '#':
      reader.at++
      return new Uint8Array(Buffer.from(readWord(reader, /[\w-]*/y), 'base64url'))
    default:
      return readAtom(readWord(reader, /[\w.+-]+/y))
  }
}

function readList(reader: Reader, end: string, readItem: () => void): void {
  reader.at++
  while (reader.text[reader.at] !== end) {
    readItem()
    if (reader.text[reader.at] === ',') reader.at++
  }
  reader.at++
}

function readQuoted(reader: Reader): string {
  let value = ''
  for (reader.at++; reader.text[reader.at] !== "'"; reader.at++) {
    if (reader.text[reader.at] === '\\') reader.at++
    value += reader.text[reader.at]!
  }
  reader.at++
  return value
}

function readWord(reader: Reader, pattern: RegExp): string {
  pattern.lastIndex = reader.at
  const word = pattern.exec(reader.text)?.[0]
  if (word === undefined) throw new Error(`at ${reader.at} of ${reader.text}`)
  reader.at += word.length
  return word
}

const WORDS = new Map<string, unknown>([
  ['true', true],
  ['false', false],
  ['null', null],
  ['undefined', undefined],
])

function readAtom(word: string): unknown {
  if (WORDS.has(word)) return WORDS.get(word)
  return /^-?\d+n$/.test(word) ? BigInt(word.slice(0, -1)) : Number(word)
}
