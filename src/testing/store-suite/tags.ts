import assert from 'node:assert/strict'
import type { HarnessTest } from './harness.js'
import { available, envelope, fillWith, foundIn, leaseOf } from './harness.js'

/** Versions of tags and of the namespace. */
export function testTags(test: HarnessTest): void {
  test('creates a version for each tag that has none, and keeps it', async ({ open }) => {
    const store = open()
    const noted = await store.note(['a', 'b', 'c'], 60_000)
    assert.equal(new Set(noted).size, 3)
    const other = open()
    assert.deepEqual((await other.read([], ['c', 'a'])).versions, [noted[2], noted[0]])
    assert.deepEqual(await other.note(['b', 'new', 'a'], Infinity).then((all) => all.length), 3)
    assert.deepEqual((await store.read([], ['a', 'b', 'c'])).versions, noted)
    const { versions } = await other.acquire(['k'], ['a', 'b'], 1_000, 60_000)
    assert.deepEqual(versions, noted.slice(0, 2))
  })

  test('agrees with every other process on the version of a new tag', async ({ open }) => {
    const stores = Array.from({ length: 4 }, () => open())
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        n % 2 === 0
          ? stores[n % 4]!.note(['t'], 60_000)
          : stores[n % 4]!.acquire([`k${n}`], ['t'], 1_000, 60_000).then((all) => all.versions),
      ),
    )
    assert.equal(new Set(answers.map(([version]) => version)).size, 1)
  })

  test('replaces the versions of the tags that are invalidated, and of no other', async ({
    open,
  }) => {
    const store = open()
    const noted = await store.note(['a', 'b', 'c'], 60_000)
    assert.deepEqual(await store.invalidate(['c', 'a'], ['version-c', 'version-a'], undefined), [
      undefined,
      undefined,
    ])
    const { versions } = await open().read([], ['a', 'b', 'c'])
    assert.deepEqual(versions, ['version-a', noted[1], 'version-c'])
    assert.deepEqual(await open().note(['a', 'b', 'c'], 60_000), versions)
  })

  test('never gives back a version that an invalidation replaced', async ({ open }) => {
    const store = open()
    const seen = new Set(await store.note(['t'], 60_000))
    for (let round = 0; round < 5; round++) {
      await store.invalidate(['t'], [`version-${round}`], undefined)
      const [version] = await open().note(['t'], 60_000)
      assert.ok(!seen.has(version!))
      seen.add(version!)
    }
  })

  test('leaves entries and leases alone when a tag is invalidated', async ({ open }) => {
    const store = open()
    const lease = await leaseOf(store, 'k', ['t'])
    await open().invalidate(['t'], ['next'], undefined)
    const bytes = envelope('value')
    const { filled, state } = await store.fill([{ key: 'k', lease, bytes, keepMs: 60_000 }], ['t'])
    // Accepted, and told at once that the tag has moved on: the engine judges.
    assert.deepEqual(filled, [true])
    assert.deepEqual(state.versions, ['next'])
    assert.ok((await foundIn(store, 'k'))?.bytes.equals(bytes))
  })

  test('tells after a write what the namespace and the tags are at', async ({ open }) => {
    const store = open()
    const { keys, versions } = await store.acquire(['k'], ['t'], 1_000, 60_000)
    const { state } = await store.write(
      [{ key: 'k', bytes: envelope('value'), keepMs: 60_000 }],
      ['t', 'new'],
      undefined,
    )
    assert.equal(available(state.keys[0]!).space, available(keys[0]!).space)
    // What is missing is created, so that what was written can depend on it.
    assert.deepEqual(state.versions, [versions[0], ...(await open().note(['new'], 60_000))])
  })

  test('remembers the version of the namespace that it saw last', async ({ open }) => {
    const store = open()
    assert.equal(store.lastSpace('k'), undefined)
    const write = () =>
      store.write([{ key: 'k', bytes: envelope('value'), keepMs: 60_000 }], [], undefined)
    const first = available((await write()).state.keys[0]!).space
    assert.equal(typeof first, 'string')
    assert.equal(store.lastSpace('k'), first)
    await open().clear('next-space', undefined)
    const next = available((await write()).state.keys[0]!).space
    assert.notEqual(next, first)
    assert.equal(store.lastSpace('k'), next)
    await open().clear('last-space', undefined)
    await store.acquire(['k'], [], 1_000, 60_000)
    const last = available((await store.read(['k'], [])).keys[0]!).space
    assert.equal(store.lastSpace('k'), last)
  })

  test('gives a cleared namespace another version, and refuses nothing else', async ({ open }) => {
    const store = open()
    const names = Array.from({ length: 50 }, (_, n) => `k${n}`)
    const before = await store.acquire(names, [], 10_000, 60_000)
    await store.clear('next-space', undefined)
    const after = await open().read(names, [])
    after.keys.forEach((state, n) => {
      assert.notEqual(available(state).space, available(before.keys[n]!).space)
      assert.ok(['next-space', undefined].includes(available(state).space))
    })
    const lease = await leaseOf(open(), 'new')
    assert.equal(await fillWith(store, 'new', lease), true)
    assert.ok(await foundIn(store, 'new'))
  })

  test('may be cleared while it is empty, and again with the same version', async ({ open }) => {
    const store = open()
    await store.clear('space', undefined)
    await store.clear('space', undefined)
    const { keys } = await store.acquire(['k'], [], 1_000, 60_000)
    assert.equal(typeof available(keys[0]!).space, 'string')
  })

  test('takes a thousand keys and tags in one call', async ({ open }) => {
    const store = open()
    const names = Array.from({ length: 1_000 }, (_, n) => `n${n}`)
    const { keys, versions } = await store.acquire(names, names, 10_000, 60_000)
    assert.ok(keys.every((state) => available(state).lease !== undefined))
    assert.equal(new Set(versions).size, names.length)
    const outcomes = await store.invalidate(
      names,
      names.map((name) => `next-${name}`),
      undefined,
    )
    assert.ok(outcomes.every((outcome) => outcome === undefined))
    assert.deepEqual(
      (await store.read(names, names)).versions,
      names.map((name) => `next-${name}`),
    )
    assert.ok((await store.drop(names, undefined)).every((outcome) => outcome === undefined))
  })
}
