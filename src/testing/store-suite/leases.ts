import assert from 'node:assert/strict'
import type { RemoteStore } from '../../store/store.js'
import type { HarnessTest, RemoteStoreSuiteOptions } from './harness.js'
import { available, envelope, eventually, fillWith, foundIn, leaseOf, over } from './harness.js'

/** The right to fill: one at a time, gone when the key changes, unforgeable, short-lived. */
export function testLeases(
  test: HarnessTest,
  { expiryErrorMs = 0 }: RemoteStoreSuiteOptions,
): void {
  test('gives the lease of a key to one of many processes', async ({ open }) => {
    const stores = Array.from({ length: 4 }, () => open())
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, n) => stores[n % 4]!.acquire(['k'], [], 10_000, 60_000)),
    )
    const leases = answers.map(({ keys }) => available(keys[0]!).lease)
    assert.equal(leases.filter((lease) => lease !== undefined).length, 1)
  })

  test('says with the lease what is there, and what the namespace and the tags are at', async ({
    open,
  }) => {
    const store = open()
    const missed = await store.acquire(['k'], ['s', 't'], 10_000, 60_000)
    const { lease, found, space } = available(missed.keys[0]!)
    assert.ok(lease)
    assert.equal(found, undefined)
    const other = open()
    const held = await other.acquire(['k', 'free'], ['t', 'new'], 10_000, 60_000)
    const [k, free] = held.keys.map((state) => available(state))
    assert.equal(k!.lease, undefined)
    assert.equal(k!.space, space)
    assert.ok(free!.lease)
    assert.equal(held.versions[0], missed.versions[1])
    assert.equal(typeof held.versions[1], 'string')

    const bytes = envelope('stale')
    await other.write([{ key: 'stale', bytes, keepMs: 60_000 }], [], undefined)
    const refresh = await store.acquire(['stale'], [], 10_000, 60_000)
    assert.ok(available(refresh.keys[0]!).lease)
    assert.ok(available(refresh.keys[0]!).found?.bytes.equals(bytes))
  })

  test('gives the lease with the answer that nothing is there, where a sheet can, and only then', async ({
    open,
  }) => {
    const store = open()
    const ask = async (
      key: string,
      tags: readonly string[] = [],
      others: readonly string[] = [],
    ) => {
      const sheet = store.sheet?.()
      const place = sheet?.claim?.(key, 'also', 10_000, 60_000)
      if (sheet === undefined || place === undefined) return undefined
      const question = tags.length > 0 ? sheet.tags(tags) : undefined
      for (const other of others) sheet.entry(other)
      await sheet.done
      assert.equal(sheet.error, undefined)
      const gained = sheet.gained!(place)
      assert.equal(sheet.gained!(place), undefined, 'it is for one')
      return { gained, versions: question?.versions, state: available(sheet.state(place)) }
    }
    const missed = await ask('k', ['s', 't'])
    if (missed === undefined) return
    assert.equal(missed.state.found, undefined)
    if (missed.gained !== undefined) {
      const { lease, space, also } = missed.gained
      assert.equal((await store.holder('k'))?.token, String(lease.token))
      const { keys, versions } = await open().read(['k'], ['s', 't', 'also'])
      assert.deepEqual(versions, [...missed.versions!, also])
      assert.equal(available(keys[0]!).space, space)
      assert.equal((await ask('k'))!.gained, undefined, 'somebody holds it')
      assert.equal(await fillWith(store, 'k', lease), true)
    }
    const bytes = envelope('there')
    await store.write([{ key: 'there', bytes, keepMs: 60_000 }], [], undefined)
    const found = (await ask('there', ['s']))!
    assert.equal(found.gained, undefined)
    assert.ok(found.state.found?.bytes.equals(bytes))
    assert.equal(found.versions?.[0], missed.versions?.[0])
    assert.equal(await store.holder('there'), undefined)
    const among = (await ask('free', ['t'], ['k', 'there']))!
    assert.equal(among.versions?.[0], missed.versions?.[1])
    assert.equal((await store.holder('free'))?.token, among.gained?.lease.token)
  })

  test('keeps what is filled with the lease, which ends with it', async ({ open }) => {
    const store = open()
    const lease = await leaseOf(store, 'k')
    const bytes = envelope('filled')
    assert.equal(await fillWith(store, 'k', lease, bytes), true)
    assert.ok((await foundIn(open(), 'k'))?.bytes.equals(bytes))
    assert.equal(await store.holder('k'), undefined)
    assert.equal(await fillWith(store, 'k', lease), false)
    assert.ok((await foundIn(store, 'k'))?.bytes.equals(bytes))
    await leaseOf(open(), 'k')
  })

  test('replaces what was there when it is filled', async ({ open }) => {
    const store = open()
    await store.write([{ key: 'k', bytes: envelope('old'), keepMs: 60_000 }], [], undefined)
    const lease = await leaseOf(store, 'k')
    const bytes = envelope('fresh')
    assert.equal(await fillWith(store, 'k', lease, bytes), true)
    assert.ok((await foundIn(store, 'k'))?.bytes.equals(bytes))
  })

  for (const [change, make] of [
    ['dropped', (store) => store.drop(['k'], undefined)],
    [
      'written',
      (store) => store.write([{ key: 'k', bytes: envelope('w'), keepMs: 60_000 }], [], undefined),
    ],
    [
      'swapped',
      (store) =>
        store.swap({ key: 'k', bytes: envelope('s'), keepMs: 60_000 }, undefined, undefined),
    ],
  ] satisfies [string, (store: RemoteStore) => Promise<unknown>][]) {
    test(`refuses a fill when the key was ${change} after the lease was given`, async ({
      open,
    }) => {
      const store = open()
      const lease = await leaseOf(store, 'k')
      await make(open())
      const bytes = envelope('overtaken')
      assert.equal(await fillWith(store, 'k', lease, bytes), false)
      assert.notDeepEqual((await foundIn(store, 'k'))?.bytes, bytes)
      assert.equal(await store.renew('k', lease, 10_000), false)
    })

    test(`refuses it also when a stale entry was there, the key was ${change} and leased again`, async ({
      open,
    }) => {
      const store = open()
      await store.write([{ key: 'k', bytes: envelope('old'), keepMs: 60_000 }], [], undefined)
      const lease = await leaseOf(store, 'k')
      const other = open()
      if (change === 'swapped') {
        const put = { key: 'k', bytes: envelope('s'), keepMs: 60_000 }
        assert.equal(await other.swap(put, await foundIn(other, 'k'), undefined), true)
      } else await make(other)
      const later = await leaseOf(other, 'k')
      assert.equal(await fillWith(store, 'k', lease), false)
      assert.equal(await fillWith(other, 'k', later), true)
    })
  }

  test('takes a lease back only from who holds it', async ({ open }) => {
    const [store, other] = [open(), open()]
    const lease = await leaseOf(store, 'k')
    await store.release('k', lease)
    const later = await leaseOf(other, 'k')
    await store.release('k', lease)
    assert.equal(await store.renew('k', lease, 10_000), false)
    assert.equal(await fillWith(store, 'k', lease), false)
    assert.equal(await fillWith(other, 'k', later), true)
  })

  test('lets others take over when a lease was not renewed in time', async ({ open }) => {
    const [store, other] = [open(), open()]
    const leaseMs = Math.max(200, 2 * expiryErrorMs)
    const isOver = over(leaseMs)
    const lease = await leaseOf(store, 'k', [], leaseMs)
    assert.ok((await store.renew('k', lease, leaseMs)) || isOver())
    await eventually('the lease is free', async () => {
      const { keys } = await other.acquire(['k'], [], 10_000, 60_000)
      return available(keys[0]!).lease !== undefined
    })
    assert.equal(await fillWith(store, 'k', lease), false)
    assert.equal(await store.renew('k', lease, leaseMs), false)
  })

  test('keeps a renewed lease past its first time', async ({ open }) => {
    const [store, other] = [open(), open()]
    const lease = await leaseOf(store, 'k', [], 1_000 + expiryErrorMs)
    assert.equal(await store.renew('k', lease, 60_000), true)
    await new Promise((resolve) => setTimeout(resolve, 1_050 + 2 * expiryErrorMs))
    const { keys } = await other.acquire(['k'], [], 10_000, 60_000)
    assert.equal(available(keys[0]!).lease, undefined)
    assert.equal(await fillWith(store, 'k', lease), true)
  })

  test('says who holds the lease', async ({ open }) => {
    const store = open()
    assert.equal(await store.holder('k'), undefined)
    const lease = await leaseOf(store, 'k', [], 10_000)
    const holder = await open().holder('k')
    assert.equal(holder?.token, String(lease.token))
    if (holder?.remainingMs !== undefined) assert.ok(holder.remainingMs <= 10_000)
  })

  test('fills many keys in one call, each by its own lease', async ({ open }) => {
    const store = open()
    const names = Array.from({ length: 20 }, (_, n) => `k${n}`)
    const { keys } = await store.acquire(names, ['t'], 10_000, 60_000)
    await open().drop(['k3', 'k7'], undefined)
    const { filled, state } = await store.fill(
      names.map((key, n) => ({
        key,
        lease: available(keys[n]!).lease!,
        bytes: envelope(key),
        keepMs: 60_000,
      })),
      ['t'],
    )
    assert.deepEqual(
      filled,
      names.map((key) => key !== 'k3' && key !== 'k7'),
    )
    assert.equal(state.keys.length, names.length)
    assert.equal(typeof state.versions[0], 'string')
  })
}
