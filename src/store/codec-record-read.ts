import { FIELD, HEAD, isName, MAX_DEPTH, MAX_TABLES } from './codec-record-write.js'

interface Shape {
  readonly names: readonly string[]
  /** An object with all the names: a copy of it is made faster than it is. */
  readonly model: Readonly<Record<string, unknown>>
}

interface ReadTable {
  readonly bytes: Buffer
  readonly shapes: readonly Shape[]
}

/** Tables that were read, by their hash; bounded. */
const known = new Map<number, ReadTable>()

/** Not looked up on each text: V8 has several kinds of them, and they may all have come by. */
// oxlint-disable-next-line typescript/unbound-method
const { substring } = String.prototype

// Where the reader is. Nothing else runs meanwhile.
let source: Buffer
let at = 0
let all = ''
let cut = 0
let shapes: readonly Shape[] = []
let depth = 0

/** The value of a record. @throws anything: the caller makes a `CacheError` of it. */
export function readRecord(bytes: Buffer, start: number, stop: number): unknown {
  const length = bytes[start + 5]! | (bytes[start + 6]! << 8)
  const from = start + HEAD
  const fieldsFrom = from + length
  const textFrom = fieldsFrom + (bytes[start + 7]! | (bytes[start + 8]! << 8))
  if (textFrom > stop) throw new RangeError('bytes are missing')
  const hash = bytes.readInt32LE(start + 1)
  let table = known.get(hash)
  if (table === undefined || !isAt(bytes, from, length, table.bytes)) {
    table = readTable(bytes.subarray(from, fieldsFrom))
    if (known.size >= MAX_TABLES) known.clear()
    known.set(hash, table)
  }
  source = bytes
  shapes = table.shapes
  depth = 0
  at = fieldsFrom
  all = bytes.toString('latin1', textFrom, stop)
  cut = 0
  const value = readField()
  if (at !== textFrom || cut !== all.length) throw new RangeError('bytes are missing or left over')
  return value
}

function isAt(bytes: Buffer, from: number, length: number, part: Buffer): boolean {
  if (part.length !== length) return false
  for (let at = 0; at < length; at++) if (bytes[from + at] !== part[at]) return false
  return true
}

function readField(): unknown {
  switch (source[at++]) {
    case FIELD.null:
      return null
    case FIELD.false:
      return false
    case FIELD.true:
      return true
    case FIELD.byte:
      return source[at++]
    case FIELD.integer:
      at += 4
      return source.readInt32LE(at - 4)
    case FIELD.float:
      at += 8
      return source.readDoubleLE(at - 8)
    case FIELD.text:
      return substring.call(all, cut, (cut += source[at++]!))
    case FIELD.longText:
      return substring.call(all, cut, (cut += readLength()))
    case FIELD.list:
      return readList(source[at++]!)
    case FIELD.longList:
      return readList(readLength())
    case FIELD.object:
      return readObject(shapes[source[at++]!]!)
    default:
      throw new TypeError('no such field')
  }
}

function readLength(): number {
  at += 2
  return source.readUInt16LE(at - 2)
}

function readList(length: number): unknown[] {
  deeper()
  const values = readFirst(length)
  for (let left = length - values.length; left > 0; left--) values.push(readField())
  depth--
  return values
}

/** Up to four elements in a list that has room for no more: one that is pushed to begins with room for 17. */
function readFirst(length: number): unknown[] {
  switch (length) {
    case 0:
      return []
    case 1:
      return [readField()]
    case 2:
      return [readField(), readField()]
    case 3:
      return [readField(), readField(), readField()]
    default:
      return [readField(), readField(), readField(), readField()]
  }
}

function readObject({ names, model }: Shape): unknown {
  deeper()
  const object: Record<string, unknown> = { ...model }
  for (let n = 0; n < names.length; n++) object[names[n]!] = readField()
  depth--
  return object
}

function deeper(): void {
  if (++depth > MAX_DEPTH) throw new RangeError('nested too deep')
}

function readTable(bytes: Buffer): ReadTable {
  const found: Shape[] = []
  for (let at = 0; at < bytes.length;) {
    const names: string[] = []
    for (let left = bytes[at++]!; left > 0; left--) {
      const length = bytes[at++]!
      const name = bytes.toString('latin1', at, at + length)
      at += length
      if (at > bytes.length || !isName(name)) throw new RangeError('the table is none')
      names.push(name)
    }
    // As JSON.parse makes it, so that objects from both have one hidden class.
    const model = JSON.parse(
      `{${names.map((name) => `${JSON.stringify(name)}:null`).join()}}`,
    ) as Shape['model']
    found.push({ names, model })
  }
  // A copy: the bytes belong to the connection's buffer.
  return { bytes: Buffer.from(bytes), shapes: found }
}
