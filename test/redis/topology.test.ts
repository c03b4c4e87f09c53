import { expect, test } from 'vitest'
import { parseRedirection } from '../../adapters/redis/topology.js'

test.each([
  ['MOVED 3999 127.0.0.1:6381', { slot: 3999, to: { host: '127.0.0.1', port: 6381 } }],
  ['ASK 16383 node.example:7000', { slot: 16383, to: { host: 'node.example', port: 7000 } }],
  ['MOVED 0 ::1:6381', { slot: 0, to: { host: '::1', port: 6381 } }],
  // A node that does not know its own name means the one by which it was asked (Redis 7, unknown endpoints).
  ['MOVED 3999 :6381', { slot: 3999, to: { host: 'asked', port: 6381 } }],
  ['MOVED 3999 ?:6381', { slot: 3999, to: { host: 'asked', port: 6381 } }],
  ['MOVED 16384 127.0.0.1:6381', undefined],
  ['MOVED -1 127.0.0.1:6381', undefined],
  ['MOVED __proto__ 127.0.0.1:6381', undefined],
  ['MOVED 3999 127.0.0.1:0', undefined],
  ['MOVED 3999 127.0.0.1:99999', undefined],
  ['MOVED 3999', undefined],
  ['CLUSTERDOWN The cluster is down', undefined],
])('%s', (message, expected) => {
  expect(parseRedirection(message, 'asked', undefined)).toEqual(expected)
})

test('nodes are found where they are said to be reached', () => {
  const message = 'MOVED 1 10.0.0.1:6379'
  const outside = { host: 'public', port: 1234 }
  expect(parseRedirection(message, 'asked', { '10.0.0.1:6379': outside })?.to).toEqual(outside)
  expect(parseRedirection(message, 'asked', () => outside)?.to).toEqual(outside)
  expect(parseRedirection(message, 'asked', () => null)?.to).toEqual({
    host: '10.0.0.1',
    port: 6379,
  })
})
