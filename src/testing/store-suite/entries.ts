import assert from 'node:assert/strict'
import type { HarnessTest, RemoteStoreSuiteOptions } from './harness.js'
import { available, envelope, eventually, foundIn, leaseOf, over } from './harness.js'

/** Reading, writing, replacing and removing entries. */
export function testEntries(
  test: HarnessTest,
  { expiryErrorMs = 0 }: RemoteStoreSuiteOptions,
): void {
  test('finds nothing where nothing was kept', async ({ open }) => {
    const { keys, versions } = await open().read(['a', 'b'], ['t'])
    assert.deepEqual(keys, [
      { found: undefined, space: undefined },
      { found: undefined, space: undefined },
    ])
    assert.deepEqual(versions, [undefined])
  })

  test('reads what another process wrote, byte for byte', async ({ open }) => {
    const every = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
    const large = Buffer.alloc(200_000, every)
    const written = await open().write(
      [
        { key: 'every', bytes: every, keepMs: 60_000 },
        { key: 'large', bytes: large, keepMs: Infinity },
      ],
      [],
      undefined,
    )
    assert.deepEqual(written.written, [undefined, undefined])
    const reader = open()
    assert.ok((await foundIn(reader, 'every'))?.bytes.equals(every))
    assert.ok((await foundIn(reader, 'large'))?.bytes.equals(large))
  })

  test('answers in the order of the keys, each as often as it was asked for', async ({ open }) => {
    const store = open()
    const names = Array.from({ length: 100 }, (_, n) => `key-${n}`)
    await store.write(
      names.map((key) => ({ key, bytes: Buffer.from(`value of ${key}`), keepMs: 60_000 })),
      [],
      undefined,
    )
    const asked = [...names.toReversed(), 'absent', ...names.slice(0, 3), ...names.slice(0, 3)]
    const { keys } = await store.read(asked, [])
    assert.deepEqual(
      keys.map((state) => available(state).found?.bytes.toString()),
      asked.map((key) => (key === 'absent' ? undefined : `value of ${key}`)),
    )
  })

  test('answers each of many calls of one moment with what it asked for', async ({ open }) => {
    const store = open()
    await store.write(
      Array.from({ length: 50 }, (_, n) => ({
        key: `key-${n}`,
        bytes: Buffer.from(`value ${n}`),
        keepMs: 60_000,
      })),
      [],
      undefined,
    )
    await store.note(['t0', 't1', 't2'], 60_000)
    const noted = (await store.read([], ['t0', 't1', 't2'])).versions
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, n) =>
        store.read([`key-${n}`, `key-${(n + 1) % 50}`], [`t${n % 3}`]),
      ),
    )
    answers.forEach(({ keys, versions }, n) => {
      assert.deepEqual(
        keys.map((state) => available(state).found?.bytes.toString()),
        [`value ${n}`, `value ${(n + 1) % 50}`],
      )
      assert.deepEqual(versions, [noted[n % 3]])
    })
  })

  test('takes any key and tag that the engine may give', async ({ open }) => {
    const store = open()
    const printable = Array.from({ length: 94 }, (_, n) => String.fromCharCode(33 + n))
    const odd = [
      ...printable.filter((character) => !'{}'.includes(character)),
      'a:e:b',
      '-1',
      'x'.repeat(180),
      printable.filter((character) => !'{}'.includes(character)).join(''),
    ]
    await store.write(
      odd.map((key) => ({ key, bytes: Buffer.from(`value of ${key}`), keepMs: 60_000 })),
      [],
      undefined,
    )
    const versions = await store.note(odd, 60_000)
    const read = await store.read(odd, odd)
    odd.forEach((key, n) => {
      assert.equal(available(read.keys[n]!).found?.bytes.toString(), `value of ${key}`)
      assert.equal(read.versions[n], versions[n])
    })
    assert.equal(new Set(read.versions).size, odd.length)
  })

  test('keeps namespaces apart', async ({ open, namespace }) => {
    const one = open()
    const other = open(`${namespace}.b`)
    const lease = await leaseOf(one, 'k', ['t'])
    await leaseOf(other, 'k', ['t'])
    await one.write([{ key: 'x', bytes: envelope('one'), keepMs: 60_000 }], [], undefined)
    const before = await one.read(['x'], ['t'])
    assert.equal(await foundIn(other, 'x'), undefined)
    await other.drop(['k', 'x'], undefined)
    await other.invalidate(['t'], ['other-version'], undefined)
    await other.clear('other-space', undefined)
    assert.deepEqual(await one.read(['x'], ['t']), before)
    assert.equal(await one.renew('k', lease, 1_000), true)
  })

  test('lets an entry go when its time is over, and keeps one without end', async ({ open }) => {
    const store = open()
    const keepMs = Math.max(300, 2 * expiryErrorMs)
    const isOver = over(keepMs)
    await store.write(
      [
        { key: 'short', bytes: envelope('short'), keepMs },
        { key: 'long', bytes: envelope('long'), keepMs: 40 * 24 * 3_600_000 },
        { key: 'ever', bytes: envelope('ever'), keepMs: Infinity },
      ],
      [],
      undefined,
    )
    assert.ok((await foundIn(store, 'short')) || isOver())
    await eventually('the entry is gone', async () => !(await foundIn(store, 'short')))
    assert.ok(await foundIn(store, 'long'))
    assert.ok(await foundIn(store, 'ever'))
  })

  test('drops entries for every process, and does not mind those that are not there', async ({
    open,
  }) => {
    const store = open()
    const keys = ['a', 'b', 'c']
    await store.write(
      keys.map((key) => ({ key, bytes: envelope(key), keepMs: 60_000 })),
      [],
      undefined,
    )
    assert.deepEqual(await store.drop(['a', 'absent', 'c'], undefined), [
      undefined,
      undefined,
      undefined,
    ])
    const other = open()
    assert.equal(await foundIn(other, 'a'), undefined)
    assert.ok(await foundIn(other, 'b'))
    assert.equal(await foundIn(other, 'c'), undefined)
  })

  test('swaps exactly what was found', async ({ open }) => {
    const store = open()
    const put = (text: string) => ({ key: 'k', bytes: envelope(text), keepMs: 60_000 })
    assert.equal(await store.swap(put('first'), undefined, undefined), true)
    assert.equal(await store.swap(put('again'), undefined, undefined), false)
    const first = await foundIn(store, 'k')
    assert.equal(await store.swap(put('second'), first, undefined), true)
    assert.equal(await store.swap(put('third'), first, undefined), false)
    assert.match((await foundIn(store, 'k'))!.bytes.toString('latin1'), / second /)
    await store.drop(['k'], undefined)
    assert.equal(await store.swap(put('fourth'), first, undefined), false)
    assert.equal(await foundIn(store, 'k'), undefined)
  })

  test('lets one of many swaps win', async ({ open }) => {
    const stores = [open(), open(), open()]
    await stores[0]!.write([{ key: 'n', bytes: envelope('0'), keepMs: 60_000 }], [], undefined)
    const found = await foundIn(stores[0]!, 'n')
    const won = await Promise.all(
      Array.from({ length: 12 }, (_, n) =>
        stores[n % 3]!.swap(
          { key: 'n', bytes: envelope(`${n}`), keepMs: 60_000 },
          found,
          undefined,
        ),
      ),
    )
    assert.equal(won.filter(Boolean).length, 1)
    const added = await Promise.all(
      stores.map((store, n) =>
        store.swap({ key: 'new', bytes: envelope(`${n}`), keepMs: 60_000 }, undefined, undefined),
      ),
    )
    assert.equal(added.filter(Boolean).length, 1)
  })
}
