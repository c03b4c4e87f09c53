import { CacheError } from '../base/errors.js'
import { AT, FLAG, HEADER } from './envelope-layout.js'

/**
 * What an envelope says of its entry beside times, behind the header:
 *
 *     the namespace's version          a byte of length, text
 *     the whole key, where it is there    4 bytes of length, text
 *     each tag and its version         2 bytes of length, text; a byte of length, text
 *
 * Text is UTF-8. When all of it is ASCII a flag says so: it is then read in one go and cut.
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
  readonly ascii: boolean
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
  const parts: Part[] = [part(space, 1)]
  if (key !== undefined) parts.push(part(key, 4))
  for (let index = 0; index < tags.length; index++) {
    parts.push(part(tags[index]!, 2), part(versions[index]!, 1))
  }
  let length = 0
  let ascii = true
  for (const { text, bytes, prefix } of parts) {
    length += prefix + bytes
    if (bytes !== text.length) ascii = false
  }
  return {
    length,
    ascii,
    write(into) {
      let at = HEADER
      for (const { text, bytes, prefix } of parts) {
        into.writeUIntLE(bytes, at, prefix)
        at += prefix
        if (bytes === text.length) writeAscii(into, text, at)
        else into.write(text, at, 'utf8')
        at += bytes
      }
    },
  }
}

function part(text: string, prefix: 1 | 2 | 4): Part {
  const bytes = utf8Length(text)
  if (bytes >= 2 ** (8 * prefix)) throw new RangeError(`a tag or version has ${bytes} bytes`)
  return { text, bytes, prefix }
}

/** Short ASCII texts are the rule, and cost less here than a call into C++ does. */
const SHORT = 48

function utf8Length(text: string): number {
  if (text.length > SHORT) return Buffer.byteLength(text)
  for (let index = 0; index < text.length; index++) {
    if (text.charCodeAt(index) > 127) return Buffer.byteLength(text)
  }
  return text.length
}

function writeAscii(into: Buffer, text: string, at: number): void {
  if (text.length > SHORT) into.write(text, at, 'latin1')
  else for (let index = 0; index < text.length; index++) into[at + index] = text.charCodeAt(index)
}

/** Reads a description out of an envelope that has no other problem; undefined when its parts do not fit. */
export function readDescription(bytes: Buffer): Description | undefined {
  const end = HEADER + bytes.readUInt32LE(AT.description)
  const flags = bytes[AT.flags]!
  const ascii = (flags & FLAG.ascii) !== 0
  const all = ascii ? bytes.toString('latin1', HEADER, end) : ''
  const text = (from: number, to: number): string =>
    ascii ? all.slice(from - HEADER, to - HEADER) : bytes.toString('utf8', from, to)

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
