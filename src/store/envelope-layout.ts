import { crc32 } from 'node:zlib'

/**
 * The entry as bytes, version 1. Numbers are little endian.
 *
 *      0  'KF'                       8  freshUntil, float64      52  length of what describes, uint32
 *      2  version                    16 staleUntil, float64      56  length of the payload, uint32
 *      3  flags                      24 loadedAt, float64        60  hash of the name, uint32
 *      4  codec                      32 delta, float64
 *      5  compression                40 write id, 12 characters
 *      6  number of tags, uint16
 *
 *     64  what describes, see envelope-description.ts
 *         the payload: its size if it is packed (uint32), packed, encrypted
 *   last  CRC-32 of all before it, uint32
 *
 * A CRC behind its own data makes the CRC of the whole a constant, so one call checks it and needs no slice.
 * The hash of the name is there for answers that were mixed up on the way (a client out of step with its
 * server), which would hand one user another user's entry; against intent there is encryption.
 */
export const VERSION = 1
export const HEADER = 64
export const CRC = 4

export const AT = {
  version: 2,
  flags: 3,
  codec: 4,
  compression: 5,
  tags: 6,
  freshUntil: 8,
  staleUntil: 16,
  loadedAt: 24,
  delta: 32,
  writeId: 40,
  description: 52,
  payload: 56,
  nameHash: 60,
} as const

export const FLAG = {
  private: 1,
  /** The description has the whole key, the name being a digest. */
  key: 2,
  encrypted: 4,
  /** The description has one byte a character: faster to read than UTF-8. */
  narrow: 8,
} as const
const KNOWN_FLAGS = 15

const MAGIC_0 = 0x4b
const MAGIC_1 = 0x46
const CRC_OF_WHOLE = 0x2144df1c

/** Begins an envelope of this version. */
export function writeMagic(bytes: Buffer): void {
  bytes[0] = MAGIC_0
  bytes[1] = MAGIC_1
  bytes[AT.version] = VERSION
}

/** Ends an envelope: sums up all that is before the last four bytes. */
export function writeCrc(bytes: Buffer): void {
  const end = bytes.length - CRC
  bytes.writeUInt32LE(crc32(bytes.subarray(0, end)), end)
}

/**
 * What is wrong with the bytes of an envelope, or undefined: then its header can be used, and the
 * description and the payload are as long as it says.
 */
export function problemOf(bytes: Buffer): string | undefined {
  if (bytes.length <= AT.version || bytes[0] !== MAGIC_0 || bytes[1] !== MAGIC_1) {
    return 'is foreign: not an entry of keepfresh'
  }
  if (bytes[AT.version] !== VERSION) {
    return `is of version ${bytes[AT.version]}, which this release does not know`
  }
  if (bytes.length < HEADER + CRC) return 'is truncated'
  const length = HEADER + bytes.readUInt32LE(AT.description) + bytes.readUInt32LE(AT.payload) + CRC
  if (length > bytes.length) return 'is truncated'
  if (length < bytes.length) return 'is damaged: it has bytes behind its end'
  if (crc32(bytes) !== CRC_OF_WHOLE) return 'is damaged: its checksum does not match'
  if ((bytes[AT.flags]! & ~KNOWN_FLAGS) !== 0) return 'has flags this release does not know'
  return timesMakeSense(bytes) ? undefined : 'is damaged: its times are none'
}

function timesMakeSense(bytes: Buffer): boolean {
  return (
    !Number.isNaN(bytes.readDoubleLE(AT.freshUntil)) &&
    !Number.isNaN(bytes.readDoubleLE(AT.staleUntil)) &&
    Number.isFinite(bytes.readDoubleLE(AT.loadedAt)) &&
    Number.isFinite(bytes.readDoubleLE(AT.delta))
  )
}

/** What a header says of its entry beside its size. */
export interface Header {
  readonly loadedAt: number
  readonly freshUntil: number
  readonly staleUntil: number
  readonly private: boolean
  /** The first byte of the payload, which says what the rest of it is, where it is neither packed nor encrypted. */
  readonly form: number | undefined
}

/** The header of an envelope that is whole; undefined when its times are none. */
export function headerOf(bytes: Buffer): Header | undefined {
  if (!timesMakeSense(bytes)) return undefined
  return {
    loadedAt: bytes.readDoubleLE(AT.loadedAt),
    freshUntil: bytes.readDoubleLE(AT.freshUntil),
    staleUntil: bytes.readDoubleLE(AT.staleUntil),
    private: (bytes[AT.flags]! & FLAG.private) !== 0,
    form: bytes[HEADER + int32(bytes, AT.description)],
  }
}

/**
 * Whether the bytes are a whole envelope that is described by exactly these bytes, of so many tags, in
 * this codec, neither packed nor encrypted nor with a key of its own: what most are, in one pass and with nothing made.
 * False says nothing: `problemOf` does.
 */
export function isDescribedBy(
  bytes: Buffer,
  description: Buffer,
  tags: number,
  codec: number,
): boolean {
  const { length } = description
  const start = HEADER + length
  const end = bytes.length - CRC
  if (
    start > end ||
    bytes[0] !== MAGIC_0 ||
    bytes[1] !== MAGIC_1 ||
    bytes[AT.version] !== VERSION ||
    (bytes[AT.flags]! | FLAG.private) !== (FLAG.narrow | FLAG.private) ||
    bytes[AT.codec] !== codec ||
    bytes[AT.compression] !== 0 ||
    (bytes[AT.tags]! | (bytes[AT.tags + 1]! << 8)) !== tags ||
    int32(bytes, AT.description) !== length ||
    int32(bytes, AT.payload) !== end - start
  ) {
    return false
  }
  for (let at = 0; at < length; at++) {
    if (bytes[HEADER + at] !== description[at]) return false
  }
  return crc32(bytes) === CRC_OF_WHOLE
}

/** `readInt32LE` without its checks. */
export function int32(bytes: Buffer, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
}

/** FNV-1a over the characters of a name, which are ASCII. */
export function nameHash(name: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < name.length; index++) {
    hash = Math.imul(hash ^ name.charCodeAt(index), 0x01000193)
  }
  return hash >>> 0
}
