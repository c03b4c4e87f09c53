import { isLatin1 } from './latin1.js'

/**
 * Small records as bytes: what most entries are, read in less than half the time of their JSON.
 *
 * JSON spends its time on names, and on looking at each character. Here the names of each shape of object stand in a table in
 * front, which a reader knows from the last record of that kind: it takes a copy of an object that has them all, and puts
 * the values in. All text stands together at the end and is cut. Numbers are little endian.
 *
 *     0  the form, a byte          9  the table: for each shape a byte for how many names, and each name behind a
 *     1  hash of the table, 4         byte for its length
 *     5  length of the table, 2       the fields: see `FIELD`, each object's by its shape's names
 *     7  length of the fields, 2      the text, one byte a character
 *
 * A part of the text may keep all of it in memory, which is why there is a limit to it.
 */
export const HEAD = 9
const MAX_TEXT = 2_048
const MAX_FIELDS = 8_192
const MAX_TABLE = 2_048
const MAX_SHAPES = 16
const MAX_NAMES = 64
const MAX_NAME = 255
export const MAX_DEPTH = 100

export const FIELD = {
  null: 0,
  false: 1,
  true: 2,
  /** A byte. */
  byte: 3,
  /** 4 bytes, with a sign. */
  integer: 4,
  /** 8 bytes, as IEEE 754 has them. */
  float: 5,
  /** How many characters of the text come next: a byte, or two. */
  text: 6,
  longText: 7,
  /** How many elements, in a byte or two, and each of them. */
  list: 8,
  longList: 9,
  /** A byte for its shape, and each of its fields. */
  object: 10,
} as const

/** The names of objects as a tree, so that an object finds its shape without making anything. */
interface ShapeNode {
  readonly next: Map<string, ShapeNode>
  /** The shape of objects that have no more names. */
  readonly bytes: Buffer
  readonly id: number
  readonly names: number
}

interface KnownTable {
  readonly bytes: Buffer
  readonly hash: number
}

/** Past this the tree is begun anew: programs have few shapes, unless they have names that are data. */
const MAX_NODES = 4_096
export const MAX_TABLES = 1_024

let nodes = 0
let root = shapeNode(Buffer.alloc(0), 0)
const tables = new Map<string, KnownTable>()
const fields = Buffer.alloc(MAX_FIELDS)
const shapes: ShapeNode[] = []
let end = 0
const texts = Buffer.alloc(MAX_TEXT)
let textEnd = 0
const PLAIN: object = {}

/** A value of which JSON keeps everything, as a record; undefined for one that is too large, or has names or text of other kinds. */
export function writeRecord(value: object, form: number): Buffer | undefined {
  // Whoever adds to Object.prototype adds to each object here.
  for (const _ in PLAIN) return undefined
  end = 0
  textEnd = 0
  shapes.length = 0
  if (!writeField(value, 0)) return undefined
  const { bytes: table, hash } = tableOf(shapes)
  if (table.length > MAX_TABLE) return undefined
  const from = HEAD + table.length
  const bytes = Buffer.allocUnsafe(from + end + textEnd)
  bytes[0] = form
  bytes.writeInt32LE(hash, 1)
  bytes.writeUInt16LE(table.length, 5)
  bytes.writeUInt16LE(end, 7)
  bytes.set(table, HEAD)
  fields.copy(bytes, from, 0, end)
  texts.copy(bytes, from + end, 0, textEnd)
  return bytes
}

function writeField(value: unknown, depth: number): boolean {
  // The longest head of a field has 9 bytes.
  if (end > MAX_FIELDS - 9) return false
  switch (typeof value) {
    case 'string':
      writeLength(FIELD.text, FIELD.longText, value.length)
      return writeText(value)
    case 'number':
      writeNumber(value)
      return true
    case 'boolean':
      fields[end++] = value ? FIELD.true : FIELD.false
      return true
    default:
      if (value === null) {
        fields[end++] = FIELD.null
        return true
      }
      if (depth === MAX_DEPTH) return false
      return Array.isArray(value)
        ? writeList(value, depth)
        : writeObject(value as Readonly<Record<string, unknown>>, depth)
  }
}

/** Text that is written here in less time than a call into C++ takes. */
const SHORT = 48
/** Not looked up on each text: V8 has half a dozen kinds of them, and a look-up that met more than four takes 8 ns. */
// oxlint-disable-next-line typescript/unbound-method
const { charCodeAt } = String.prototype

function writeText(text: string): boolean {
  const { length } = text
  if (length > MAX_TEXT - textEnd) return false
  if (length > SHORT) {
    if (!isLatin1(text)) return false
    texts.write(text, textEnd, 'latin1')
  } else {
    for (let at = 0; at < length; at++) {
      const code = charCodeAt.call(text, at)
      if (code > 0xff) return false
      texts[textEnd + at] = code
    }
  }
  textEnd += length
  return true
}

function writeNumber(value: number): void {
  if (value !== (value | 0)) {
    fields[end] = FIELD.float
    fields.writeDoubleLE(value, end + 1)
    end += 9
  } else if (value >= 0 && value <= 0xff) {
    fields[end++] = FIELD.byte
    fields[end++] = value
  } else {
    fields[end] = FIELD.integer
    fields.writeInt32LE(value, end + 1)
    end += 5
  }
}

/** Lengths are bounded by the text and the fields. */
function writeLength(short: number, long: number, length: number): void {
  if (length <= 0xff) {
    fields[end++] = short
    fields[end++] = length
  } else {
    fields[end++] = long
    fields[end++] = length & 0xff
    fields[end++] = (length >> 8) & 0xff
  }
}

function writeList(values: readonly unknown[], depth: number): boolean {
  if (values.length > MAX_FIELDS) return false
  writeLength(FIELD.list, FIELD.longList, values.length)
  for (let at = 0; at < values.length; at++) if (!writeField(values[at], depth + 1)) return false
  return true
}

function writeObject(value: Readonly<Record<string, unknown>>, depth: number): boolean {
  let node: ShapeNode | undefined = root
  for (const name in value) {
    node = node.next.get(name) ?? grow(node, name)
    if (node === undefined) return false
  }
  let shape = shapes.indexOf(node)
  if (shape < 0 && (shape = shapes.push(node) - 1) === MAX_SHAPES) return false
  fields[end++] = FIELD.object
  fields[end++] = shape
  for (const name in value) if (!writeField(value[name], depth + 1)) return false
  return true
}

function shapeNode(bytes: Buffer, names: number): ShapeNode {
  return { next: new Map(), bytes: Buffer.concat([Buffer.of(names), bytes]), id: nodes++, names }
}

/** The node with one more name; undefined for a name that means something to objects, or to their order. */
function grow(node: ShapeNode, name: string): ShapeNode | undefined {
  const { names } = node
  if (!isName(name) || names === MAX_NAMES) return undefined
  if (nodes >= MAX_NODES) {
    nodes = 0
    root = shapeNode(Buffer.alloc(0), 0)
    tables.clear()
    return undefined
  }
  const bytes = Buffer.concat([
    node.bytes.subarray(1),
    Buffer.of(name.length),
    Buffer.from(name, 'latin1'),
  ])
  const grown = shapeNode(bytes, names + 1)
  node.next.set(name, grown)
  return grown
}

/** Numbers come first in an object, whenever they were set. */
export function isName(name: string): boolean {
  return name.length <= MAX_NAME && name !== '__proto__' && !/^\d/.test(name) && isLatin1(name)
}

function tableOf(used: readonly ShapeNode[]): KnownTable {
  let key = ''
  for (const { id } of used) key += `${id},`
  let table = tables.get(key)
  if (table === undefined) {
    const bytes = Buffer.concat(used.map((shape) => shape.bytes))
    let hash = 0x811c9dc5 | 0
    for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193)
    table = { bytes, hash }
    if (tables.size >= MAX_TABLES) tables.clear()
    tables.set(key, table)
  }
  return table
}
