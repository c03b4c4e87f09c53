import assert from 'node:assert/strict'
import type { Store } from '../store/store.js'
import { testBus } from './store-suite/bus.js'
import { testEntries } from './store-suite/entries.js'
import type { RemoteStoreSuiteOptions, TestFunction } from './store-suite/harness.js'
import { withHarness } from './store-suite/harness.js'
import { testLeases } from './store-suite/leases.js'
import { testTags } from './store-suite/tags.js'

export type { RemoteStoreSuiteOptions, TestFunction } from './store-suite/harness.js'

/**
 * Tests that a remote store keeps the contract of `RemoteStore`, on a real server that is there.
 *
 * `test` is the one of your runner and `create` makes what a user would pass as a tier; each test opens it several
 * times, as several processes would, in a namespace of its own. Nothing of it is removed afterwards.
 */
export function testRemoteStore(
  test: TestFunction,
  name: string,
  create: () => Store | Promise<Store>,
  options: RemoteStoreSuiteOptions = {},
): void {
  const inHarness = withHarness(test, name, create)
  testEntries(inHarness, options)
  testLeases(inHarness, options)
  testTags(inHarness)
  testBus(inHarness)

  inHarness(
    'says that its servers answer, and refuses work once it is closed',
    async ({ open }) => {
      const store = open()
      await store.read(['k'], [])
      const servers = store.health()
      assert.ok(servers.length > 0)
      assert.ok(servers.every(({ server, circuit }) => server !== '' && circuit === 'closed'))
      await store.close(1_000)
      await assert.rejects(store.read(['k'], []), { name: 'CacheError' })
      await assert.rejects(store.acquire(['k'], [], 1_000, 1_000), { name: 'CacheError' })
      await assert.rejects(store.drop(['k'], undefined), { name: 'CacheError' })
      await store.close(1_000)
    },
  )

  inHarness('finishes what runs when it is closed', async ({ open }) => {
    const store = open()
    const bytes = Buffer.from('last words')
    const writing = store.write([{ key: 'k', bytes, keepMs: 60_000 }], [], undefined)
    await store.close(5_000)
    assert.deepEqual((await writing).written, [undefined])
  })
}
