import { describe, expect, it } from 'vitest'
import { TagTable } from '../../adapters/memory/tag-table.js'
import { systemRandom } from '../../src/base/random.js'
import { entry, opened } from './opened.js'

type Opened = ReturnType<typeof opened>['store']

/** Fills a key as a load does that began now and noted these tags. */
function load(store: Opened, key: string, tags: string[]): boolean {
  const lease = store.plant(key)
  return store.fill(key, lease, entry(key, { tags, versions: store.note(tags) }))
}

describe('tags of a memory store', () => {
  it('are noted with one version until they are invalidated', () => {
    const { store } = opened()
    const [first] = store.note(['t'])
    expect(store.note(['t', 'u', 't'])).toEqual([first, expect.any(String), first])
    store.invalidate(['t'], ['mine'])
    expect(store.note(['t'])).toEqual(['mine'])
  })

  it('make every entry that carries one of them invalid, and no other', () => {
    const { store } = opened()
    load(store, 'a', ['x', 'y'])
    load(store, 'b', ['y', 'z'])
    load(store, 'c', ['z'])
    load(store, 'd', [])
    store.invalidate(['x', 'y'], ['1', '2'])
    expect(['a', 'b', 'c', 'd'].map((key) => store.get(key)?.value)).toEqual([
      undefined,
      undefined,
      'c',
      'd',
    ])
  })

  it('leave an invalid entry to be looked at', () => {
    const { store } = opened()
    load(store, 'a', ['t'])
    expect(store.peek('a')).toMatchObject({ entry: { value: 'a', tags: ['t'] }, valid: true })
    store.invalidate(['t'], ['new'])
    expect(store.get('a')).toBeUndefined()
    expect(store.peek('a')).toMatchObject({ entry: { value: 'a', tags: ['t'] }, valid: false })
  })

  it('move the epoch with every invalidation, also of a tag that nobody carries', () => {
    const { store } = opened()
    const epochs = [store.epoch]
    store.invalidate(['unknown'], ['v'])
    epochs.push(store.epoch)
    store.invalidate([], [])
    epochs.push(store.epoch)
    store.clear()
    epochs.push(store.epoch)
    expect(new Set(epochs).size).toBe(4)
    expect(epochs).toEqual([...epochs].toSorted((a, b) => a - b))
  })

  it('refuse a fill that noted a version from before an invalidation', () => {
    const { store } = opened()
    const lease = store.plant('k')
    const versions = store.note(['t'])
    store.invalidate(['t'], ['new'])
    expect(lease.live).toBe(true)
    expect(store.fill('k', lease, entry('old', { tags: ['t'], versions }))).toBe(false)
    expect(lease.live).toBe(false)
    expect(store.get('k')).toBeUndefined()
  })

  it('leave what was there in place when a fill is refused for its tags', () => {
    const { store } = opened()
    store.put('k', entry('there'))
    const lease = store.plant('k')
    const other = store.plant('k')
    const versions = store.note(['t'])
    store.invalidate(['t'], ['new'])
    expect(store.fill('k', lease, entry('old', { tags: ['t'], versions }))).toBe(false)
    expect(store.get('k')!.value).toBe('there')
    expect(other.live).toBe(true)
  })

  it('are taken over from a filled entry, when no invalidation came since its lease', () => {
    const { store } = opened()
    const lease = store.plant('k')
    expect(store.fill('k', lease, entry(1, { tags: ['t'], versions: ['theirs'] }))).toBe(true)
    expect(store.get('k')!.value).toBe(1)
    expect(store.note(['t'])).toEqual(['theirs'])
  })

  it.each<[string, (store: Opened) => void]>([
    ['of that tag', (store) => store.invalidate(['t'], ['new'])],
    ['of another', (store) => store.invalidate(['other'], ['new'])],
  ])('are not taken over after an invalidation %s, which the load may have missed', (_, change) => {
    const { store } = opened()
    const lease = store.plant('k')
    change(store)
    expect(store.fill('k', lease, entry(1, { tags: ['t'], versions: ['theirs'] }))).toBe(false)
    expect(store.size).toBe(0)
    const next = store.plant('k')
    expect(store.fill('k', next, entry(2, { tags: ['t'], versions: ['theirs'] }))).toBe(true)
  })

  it('are not taken over from an entry that is refused', () => {
    const { store } = opened()
    const [known] = store.note(['known'])
    const pairs = { tags: ['new', 'known'], versions: ['theirs', `not ${known}`] }
    expect(store.fill('k', store.plant('k'), entry(1, pairs))).toBe(false)
    expect(store.note(['new'])).not.toEqual(['theirs'])
  })

  it('refuse an entry whose own pairs disagree', () => {
    const { store } = opened()
    const pairs = { tags: ['t', 't'], versions: ['one', 'two'] }
    expect(store.fill('k', store.plant('k'), entry(1, pairs))).toBe(false)
    expect(store.size).toBe(0)
  })

  it('let put keep an entry with versions of another time, which no read is served', () => {
    const { store } = opened()
    const [now] = store.note(['t'])
    expect(store.put('k', entry(1, { tags: ['t'], versions: [`not ${now}`] }))).toBe(true)
    expect(store.get('k')).toBeUndefined()
    expect(store.peek('k')!.valid).toBe(false)
  })
})

describe('learning from a remote store', () => {
  it('replaces what the table held, and what was made from it is invalid', () => {
    const { store } = opened()
    load(store, 'k', ['t'])
    expect(store.get('k')).toBeDefined()
    store.learn(store.plant('q'), ['t'], ['theirs'])
    expect(store.get('k')).toBeUndefined()
    expect(store.note(['t'])).toEqual(['theirs'])
  })

  it('changes nothing where both agree', () => {
    const { store } = opened()
    load(store, 'k', ['t'])
    const { epoch } = store
    store.learn(store.plant('q'), ['t'], store.note(['t']))
    expect(store.epoch).toBe(epoch)
    expect(store.get('k')).toBeDefined()
  })

  it('takes a missing record for one that matches nothing', () => {
    const { store } = opened()
    load(store, 'k', ['t'])
    store.learn(store.plant('q'), ['t', 'unknown'], [undefined, undefined])
    expect(store.get('k')).toBeUndefined()
    const lease = store.plant('k')
    expect(store.fill('k', lease, entry(2, { tags: ['t'], versions: ['created'] }))).toBe(true)
    expect(store.get('k')!.value).toBe(2)
  })

  it.each<[string, (store: Opened) => void]>([
    ['an invalidation', (store) => store.invalidate(['t'], ['newest'])],
    ['an invalidation of another tag', (store) => store.invalidate(['u'], ['newest'])],
    ['a clear', (store) => store.clear()],
  ])('is not heeded after %s, which is newer than the answer', (_, change) => {
    const { store } = opened()
    const lease = store.plant('q')
    change(store)
    const versions = store.note(['t'])
    store.learn(lease, ['t'], ['answer'])
    expect(store.note(['t'])).toEqual(versions)
  })
})

describe('the table of tags', () => {
  it('forgets tags that nobody carries, and none that entries carry', () => {
    const { store } = opened({ maxEntries: 100 })
    load(store, 'k', ['kept'])
    const versions = store.note(['kept'])
    for (let i = 0; i < 100_000; i++) load(store, `k${i % 50}`, [`t${i}`])
    expect(store.note(['kept'])).toEqual(versions)
    expect(store.get('k')!.value).toBe('k')
  })

  it.each<[string, number]>([
    ['are replaced', 100],
    ['are refused for their size', 1e9],
  ])('keeps the tags of other entries while entries %s', (_, bytes) => {
    const { store } = opened({ maxEntries: 200 })
    for (let i = 0; i < 100; i++) load(store, `stays ${i}`, [`t${i}`])
    for (let i = 0; i < 60_000; i++) {
      const tags = [`new ${i}`]
      store.put(`k${i % 50}`, entry(1, { bytes, tags, versions: store.note(tags) }))
    }
    let valid = 0
    for (let i = 0; i < 100; i++) if (store.get(`stays ${i}`)) valid++
    expect(valid).toBe(100)
  })

  it('stays bounded while tags come and go', () => {
    const table = new TagTable(400_000, systemRandom)
    let most = 0
    const window: ReturnType<TagTable['note']>[] = []
    for (let i = 0; i < 100_000; i++) {
      const state = table.note(`t${i}`)
      table.carry([state])
      window.push(state)
      if (window.length > 1_000) table.uncarry([window.shift()!])
      most = Math.max(most, table.size)
    }
    expect(most).toBeLessThan(12_000)
  })

  it('keeps the tags of loads under way, also after a clear in the middle of an eviction', () => {
    const { store } = opened({ maxEntries: Infinity, maxBytes: 600_000 })
    for (let i = 0; i < 6_000; i++) load(store, `k${i}`, [`t${i}`])
    store.onEvict = () => {
      store.onEvict = undefined
      store.clear()
    }
    store.put('heavy', entry(1, { bytes: 600_000 }))
    const tags = Array.from({ length: 1_000 }, (_, i) => `new ${i}`)
    const versions = store.note(tags)
    expect(store.note(tags)).toEqual(versions)
  })

  it('is full at maxTags: forgets carried ones, whose entries are invalid then', () => {
    const { store } = opened({ maxTags: 50 })
    for (let i = 0; i < 60; i++) load(store, `k${i}`, [`t${i}`])
    const { epoch } = store
    load(store, 'last', ['last'])
    expect(store.epoch).toBeGreaterThan(epoch)
    let valid = 0
    for (let i = 0; i < 60; i++) if (store.get(`k${i}`)) valid++
    expect(valid).toBe(49)
    expect(store.get('last')).toBeDefined()
  })

  it('gives a forgotten tag a version that matches nothing', () => {
    const { store } = opened({ maxTags: 1 })
    load(store, 'a', ['t'])
    load(store, 'b', ['u'])
    expect(store.get('a')).toBeUndefined()
    const versions = store.note(['t'])
    expect(store.peek('a')!.entry.versions).not.toEqual(versions)
    expect(store.get('a')).toBeUndefined()
  })

  it('stays within bounds when a remote store says again and again that a record is missing', () => {
    const table = new TagTable(100, systemRandom)
    for (let i = 0; i < 1_000; i++) {
      table.learn([`t${i % 7}`], [i % 2 ? undefined : `v${i}`])
      table.note(`n${i}`)
    }
    expect(table.size).toBeLessThanOrEqual(100)
  })

  it('knows its tags and nothing else, whatever is noted, carried and forgotten', () => {
    const table = new TagTable(300, systemRandom)
    const states = new Set<ReturnType<TagTable['note']>>()
    const carried: ReturnType<TagTable['note']>[] = []
    for (let i = 0; i < 20_000; i++) {
      const state = table.note(`t${(i * 7_919) % 1_009}`)
      states.add(state)
      if (i % 3 === 0) {
        table.carry([state])
        carried.push(state)
      }
      if (i % 4 === 0 && carried.length > 0) table.uncarry([carried.shift()!])
      if (i % 11 === 0) table.learn([`t${(i * 31) % 1_009}`], [undefined])
    }
    const known = [...states].filter(({ version }) => version !== undefined)
    expect(table.size).toBe(known.length)
    expect(known.filter((state) => table.note(state.tag) !== state)).toEqual([])
  })

  it('stays bounded after entries have carried tags that were forgotten', () => {
    const table = new TagTable(400_000, systemRandom)
    for (let i = 0; i < 50_000; i++) {
      table.carry([table.note(`t${i}`)])
      table.learn([`t${i}`], [undefined])
    }
    for (let i = 0; i < 50_000; i++) table.note(`idle ${i}`)
    expect(table.size).toBeLessThan(12_000)
  })
})
