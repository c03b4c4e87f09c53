import { expect, test } from 'vitest'
import {
  formatPosition,
  isVisible,
  parsePosition,
  parseSnapshot,
} from '../../adapters/postgres/positions.js'

test.each(['0/0', '16/B374D848', 'FFFFFFFF/FFFFFFFF', '1/0'])('%s is read and written', (text) => {
  expect(formatPosition(parsePosition(text))).toBe(text)
})

test('a position compares across its two halves', () => {
  expect(parsePosition('1/0') > parsePosition('0/FFFFFFFF')).toBe(true)
})

const EPOCH = 3n << 32n

test.each([
  ['ended before the oldest that runs', `${EPOCH + 100n}:${EPOCH + 110n}:`, 99, true],
  ['ended, with others running', `${EPOCH + 100n}:${EPOCH + 110n}:${EPOCH + 100n}`, 105, true],
  ['still running', `${EPOCH + 100n}:${EPOCH + 110n}:${EPOCH + 100n},${EPOCH + 105n}`, 105, false],
  ['began after the snapshot', `${EPOCH + 100n}:${EPOCH + 110n}:`, 110, false],
  ['of the round of numbers before', `${EPOCH}:${EPOCH + 5n}:`, 0xffff_fff0, true],
  ['of the round of numbers after', `${EPOCH - 9n}:${EPOCH - 5n}:`, 3, false],
  [
    'as the package gives numbers over 2^31',
    `${EPOCH + 0x9000_0000n}:${EPOCH + 0x9000_0001n}:`,
    0x9000_0000 | 0,
    true,
  ],
])('a transaction that %s', (_, snapshot, xid, visible) => {
  expect(isVisible(parseSnapshot(snapshot), xid)).toBe(visible)
})
