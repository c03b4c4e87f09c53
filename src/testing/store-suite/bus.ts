import assert from 'node:assert/strict'
import type { RemoteStore } from '../../store/store.js'
import type { HarnessTest } from './harness.js'
import { available, envelope, eventually, foundIn, leaseOf } from './harness.js'

/** Listens, and waits until it hears. */
async function listen(store: RemoteStore): Promise<string[]> {
  const heard: string[] = []
  const up = Promise.withResolvers<void>()
  store.bus!.subscribe({
    message: (text) => heard.push(text),
    up: () => up.resolve(),
    down: () => {},
  })
  await up.promise
  return heard
}

/** What a store that has a bus says on it. Tests that need one pass at once where there is none. */
export function testBus(test: HarnessTest): void {
  test('announces each change once, to every process, after the change can be seen', async ({
    open,
  }) => {
    const [store, other, third] = [open(), open(), open()]
    if (store.bus === undefined) return
    const [heard, mine] = [await listen(other), await listen(store)]
    await store.acquire(['k'], ['t'], 1_000, 60_000)
    const put = (text: string) => ({ key: 'k', bytes: envelope(text), keepMs: 60_000 })
    const changes: [string, () => Promise<unknown>, () => Promise<boolean>][] = [
      [
        'write é ✓',
        () => store.write([put('written')], ['t'], 'write é ✓'),
        async () => / written /.test((await foundIn(third, 'k'))?.bytes.toString('latin1') ?? ''),
      ],
      [
        'swap',
        async () => store.swap(put('swapped'), await foundIn(store, 'k'), 'swap'),
        async () => / swapped /.test((await foundIn(third, 'k'))?.bytes.toString('latin1') ?? ''),
      ],
      [
        'drop',
        () => store.drop(['k', 'j', 'l'], 'drop'),
        async () => (await foundIn(third, 'k')) === undefined,
      ],
      [
        'invalidate',
        () => store.invalidate(['t', 'u'], ['next', 'next-u'], 'invalidate'),
        async () => (await third.read([], ['t'])).versions[0] === 'next',
      ],
      [
        'clear',
        () => store.clear('next-space', 'clear'),
        async () =>
          [undefined, 'next-space'].includes(
            available((await third.read(['k'], [])).keys[0]!).space,
          ),
      ],
    ]
    for (const [n, [text, change, visible]] of changes.entries()) {
      const done = change()
      await eventually(`${text} is heard`, () => heard.length > n)
      assert.ok(await visible(), `${text} was announced before it could be seen`)
      await done
    }
    await store.bus.publish('said')
    await eventually('the last is heard', () => heard.includes('said') && mine.includes('said'))
    const all = [...changes.map(([text]) => text), 'said']
    assert.deepEqual(heard, all)
    assert.deepEqual(mine, all)
  })

  test('says nothing of a change that nobody has to hear of', async ({ open }) => {
    const store = open()
    if (store.bus === undefined) return
    const heard = await listen(open())
    const put = { key: 'k', bytes: envelope('value'), keepMs: 60_000 }
    await leaseOf(store, 'k', ['t'])
    await store.write([put], [], undefined)
    await store.swap(put, await foundIn(store, 'k'), undefined)
    // A swap that is refused changes nothing.
    await store.swap(put, undefined, 'refused')
    await store.drop(['k'], undefined)
    await store.invalidate(['t'], ['next'], undefined)
    await store.clear('space', undefined)
    await store.bus.publish('end')
    await eventually('the end is heard', () => heard.includes('end'))
    assert.deepEqual(heard, ['end'])
  })

  test('carries messages within a namespace only', async ({ open, namespace }) => {
    const store = open()
    if (store.bus === undefined) return
    const other = open(`${namespace}.other`)
    const [heard, elsewhere] = [await listen(store), await listen(other)]
    await other.bus!.publish('there')
    await store.bus.publish('here')
    await eventually('both are heard', () => heard.length > 0 && elsewhere.length > 0)
    assert.deepEqual([heard, elsewhere], [['here'], ['there']])
  })
}
