import { CacheError } from '../base/errors.js'
import { isLatin1 } from './latin1.js'
import { AT, FLAG, HEADER } from './envelope-layout.js'

/**
 * What an envelope says of its entry beside times, behind the header:
 *
 *     the namespace's version          a byte of length, text
 *     the whole key, where it is there    4 bytes of length, text
 *     each tag and its version         2 bytes of length, text; a byte of length, text
 *
 * Text is UTF-8. When all of it can do with one byte a character it has that, and a flag says so: it is then
 * read in one go and cut.
 */
export interface Description {
  readonly space: string
  readonly key: string | undefined
  readonly tags: readonly string[]
  readonly versions: readonly string[]
}

const MAX_TAGS = 65_535
const NONE: readonly string[] = Object.freeze([])

interface Part {
  readonly text: string
  readonly bytes: number
  /** Bytes that its length takes. */
  readonly prefix: 1 | 2 | 4
}

/** A description laid out: how long it is, and how to write it. */
export interface DescriptionWriter {
  readonly length: number
  /** One byte a character. */
  readonly narrow: boolean
  write(into: Buffer): void
}

/** @throws {CacheError} `CACHE_TAG_INVALID` for more tags than the format has room for. */
export function layOut(description: Description): DescriptionWriter {
  const { space, key, tags, versions } = description
  if (tags.length !== versions.length) {
    throw new RangeError('an entry has one version for each of its tags')
  }
  if (tags.length > MAX_TAGS) {
    const message = `an entry has at most ${MAX_TAGS} tags; received ${tags.length}`
    throw new CacheError('CACHE_TAG_INVALID', message)
  }
  const narrow =
    isLatin1(space) &&
    (key === undefined || isLatin1(key)) &&
    tags.every(isLatin1) &&
    versions.every(isLatin1)
  const parts: Part[] = [part(space, 1, narrow)]
  if (key !== undefined) parts.push(part(key, 4, narrow))
  for (let index = 0; index < tags.length; index++) {
    parts.push(part(tags[index]!, 2, narrow), part(versions[index]!, 1, narrow))
  }
  let length = 0
  for (const { bytes, prefix } of parts) length += prefix + bytes
  return { length, narrow, write: (into) => writeParts(parts, narrow, into) }
}

function part(text: string, prefix: 1 | 2 | 4, narrow: boolean): Part {
  const bytes = narrow ? text.length : Buffer.byteLength(text)
  if (bytes >= 2 ** (8 * prefix)) throw new RangeError(`a tag or version has ${bytes} bytes`)
  return { text, bytes, prefix }
}

function writeParts(parts: readonly Part[], narrow: boolean, into: Buffer): void {
  let at = HEADER
  for (const { text, bytes, prefix } of parts) {
    into.writeUIntLE(bytes, at, prefix)
    at += prefix
    if (!narrow) into.write(text, at, 'utf8')
    else if (text.length > SHORT) into.write(text, at, 'latin1')
    else for (let index = 0; index < bytes; index++) into[at + index] = text.charCodeAt(index)
    at += bytes
  }
}

/** Text that is written here in less time than a call into C++ takes. */
const SHORT = 48

/**
 * A description without a key, as an entry has it in one byte a character: to compare entries with, in place of reading theirs.
 * Undefined where one byte a character is not enough, or a part is too long.
 */
export function descriptionBytes(
  space: string,
  tags: readonly string[],
  versions: readonly string[],
): Buffer | undefined {
  if (tags.length !== versions.length || tags.length > MAX_TAGS) return undefined
  if (space.length > 0xff) return undefined
  let text = String.fromCharCode(space.length) + space
  for (let index = 0; index < tags.length; index++) {
    const { length } = tags[index]!
    const version = versions[index]!
    if (length > 0xffff || version.length > 0xff) return undefined
    text += String.fromCharCode(length & 0xff, length >> 8) + tags[index]!
    text += String.fromCharCode(version.length) + version
  }
  return isLatin1(text) ? Buffer.from(text, 'latin1') : undefined
}

let lastSpace = ''

/** The most common description is a version that was seen just before: comparing is quicker than a call into C++. */
function spaceAlone(bytes: Buffer, end: number): Description | undefined {
  const from = HEADER + 1
  if (from > end || end - from !== bytes[HEADER]) return undefined
  let same = end - from === lastSpace.length
  for (let at = 0; same && at < lastSpace.length; at++) {
    same = bytes[from + at] === lastSpace.charCodeAt(at)
  }
  if (!same) {
    const narrow = (bytes[AT.flags]! & FLAG.narrow) !== 0
    const space = bytes.toString(narrow ? 'latin1' : 'utf8', from, end)
    if (!narrow) return { space, key: undefined, tags: NONE, versions: NONE }
    lastSpace = space
  }
  return { space: lastSpace, key: undefined, tags: NONE, versions: NONE }
}

/** Reads a description out of an envelope that has no other problem; undefined when its parts do not fit. */
export function readDescription(bytes: Buffer): Description | undefined {
  const end = HEADER + bytes.readUInt32LE(AT.description)
  const flags = bytes[AT.flags]!
  if (bytes.readUInt16LE(AT.tags) === 0 && (flags & FLAG.key) === 0) return spaceAlone(bytes, end)
  const narrow = (flags & FLAG.narrow) !== 0
  const all = narrow ? bytes.toString('latin1', HEADER, end) : ''
  const text = (from: number, to: number): string =>
    narrow ? all.slice(from - HEADER, to - HEADER) : bytes.toString('utf8', from, to)

  let at = HEADER
  if (at >= end) return undefined
  at += 1 + bytes[at]!
  if (at > end) return undefined
  const space = text(HEADER + 1, at)
  let key: string | undefined
  if ((flags & FLAG.key) !== 0) {
    if (at + 4 > end) return undefined
    const from = at + 4
    at = from + bytes.readUInt32LE(at)
    if (at > end) return undefined
    key = text(from, at)
  }
  let left = bytes.readUInt16LE(AT.tags)
  if (left === 0) return at === end ? { space, key, tags: NONE, versions: NONE } : undefined
  const tags: string[] = []
  const versions: string[] = []
  for (; left > 0; left--) {
    if (at + 2 > end) return undefined
    const tagFrom = at + 2
    const tagTo = tagFrom + bytes.readUInt16LE(at)
    if (tagTo >= end) return undefined
    at = tagTo + 1 + bytes[tagTo]!
    if (at > end) return undefined
    tags.push(text(tagFrom, tagTo))
    versions.push(text(tagTo + 1, at))
  }
  return at === end ? { space, key, tags, versions } : undefined
}
