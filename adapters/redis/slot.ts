/**
 * Which of the 16,384 slots of a cluster a key belongs to: CRC16 (the XMODEM one) of its hash tag, the part between
 * the first `{` and the first `}` after it, or of the whole key where there is none or it is empty (Redis Cluster
 * specification, "Hash tags").
 */
export const SLOTS = 16_384

const TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1
  return crc & 0xffff
})

/** The slot of a key. */
export function slotOf(key: string): number {
  const open = key.indexOf('{')
  if (open >= 0) {
    const close = key.indexOf('}', open + 1)
    if (close > open + 1) return crc16(key.slice(open + 1, close)) % SLOTS
  }
  return crc16(key) % SLOTS
}

function crc16(text: string): number {
  let crc = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    // Our own names are ASCII; a prefix that is not takes the long way.
    if (code > 127) return crc16Bytes(Buffer.from(text))
    crc = ((crc << 8) & 0xffff) ^ TABLE[(crc >> 8) ^ code]!
  }
  return crc
}

function crc16Bytes(bytes: Buffer): number {
  let crc = 0
  for (const byte of bytes) crc = ((crc << 8) & 0xffff) ^ TABLE[(crc >> 8) ^ byte]!
  return crc
}
