import { expect, test, vi } from 'vitest'
import { createCache } from '../../index.js'

test('a Node that is too old is told so when a cache is made, by its version', () => {
  vi.stubGlobal('Promise', {}) // without withResolvers, as before Node 22
  try {
    expect(() => createCache()).toThrow(
      expect.objectContaining({
        code: 'CACHE_UNSUPPORTED',
        message: expect.stringContaining(`Node 22.12 or later, this is ${process.version}`),
      }),
    )
  } finally {
    vi.unstubAllGlobals()
  }
})
