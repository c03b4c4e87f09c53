/** What Memcached does, as far as the store relies on it: each on a real server, by the commands themselves. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import {
  add,
  get,
  remove,
  set,
  touch,
  type Command,
  type Item,
} from '../../adapters/memcached/command.js'
import { Link } from '../../adapters/memcached/link.js'
import { serversAt } from '../../adapters/memcached/memjs.js'
import { EXISTS, NOT_FOUND, OK, TOO_LARGE } from '../../adapters/memcached/protocol.js'
import { Round } from '../../adapters/memcached/round.js'
import { systemClock } from '../../src/base/clock.js'
import { systemRandom } from '../../src/base/random.js'
import { Deadlines } from '../../src/store/deadline.js'
import { startMemcached, type MemcachedServer } from '../support/servers/memcached.js'
import { until } from '../support/until.js'

let server: MemcachedServer
let link: Link
let links: Link[] = []

/** A connection of its own. */
function connect(to: MemcachedServer): Link {
  const { host, port } = to
  const opened = new Link(
    {
      name: to.url,
      weight: 1,
      makeServer: serversAt({ host, port, username: undefined, password: undefined }),
      connectMs: 2_000,
    },
    new Deadlines(systemClock, 1_000),
    { namespace: 'raw', clock: systemClock, random: systemRandom, onError: () => {} },
  )
  links.push(opened)
  return opened
}

/** Sends commands in one write and says how each was answered. */
async function statuses(via: Link, ...commands: Command[]): Promise<number[]> {
  const round = new Round()
  for (const command of commands) round.via(via).send(command)
  return round.settled(() => commands.map(({ status }) => status))
}

const item = (text: string | Buffer, expiration = 0): Item => ({
  value: Buffer.from(text),
  flags: 0,
  expiration,
})

async function valueOf(via: Link, key: string): Promise<string | undefined> {
  const command = get(key)
  await statuses(via, command)
  return command.status === OK ? command.value.toString() : undefined
}

beforeAll(async () => {
  server = await startMemcached()
})
afterAll(() => server[Symbol.asyncDispose]())

beforeEach(() => {
  link = connect(server)
  return async () => {
    await Promise.all(links.map((each) => each.end()))
    links = []
  }
})

test('answers an add with the number that a get finds', async () => {
  const [placeholder, found] = [add('number', item('')), get('number')]
  expect(await statuses(link, placeholder, found)).toEqual([OK, OK])
  expect(found).toMatchObject({ casHigh: placeholder.casHigh, casLow: placeholder.casLow })
})

test('sets by number what is still there, and only once', async () => {
  const placeholder = add('once', item(''))
  await statuses(link, placeholder)
  const fills = [set('once', item('a'), placeholder), set('once', item('b'), placeholder)]
  expect(await statuses(link, ...fills)).toEqual([OK, EXISTS])
  expect(await valueOf(link, 'once')).toBe('a')
})

test.each([
  ['deleted', [remove('gone')], NOT_FOUND],
  ['deleted and planted again', [remove('gone'), add('gone', item(''))], EXISTS],
  ['set', [set('gone', item('newer'))], EXISTS],
  ['set to the same bytes', [set('gone', item(''))], EXISTS],
])('refuses a set by number when the item was %s', async (_, changes, expected) => {
  const other = connect(server)
  const placeholder = add('gone', item(''))
  await statuses(link, remove('gone'), placeholder)
  await statuses(other, ...changes)
  expect(await statuses(link, set('gone', item('overtaken'), placeholder))).toEqual([expected])
  expect(await valueOf(link, 'gone')).not.toBe('overtaken')
})

test('sets by number what was touched meanwhile, and keeps it for the new time', async () => {
  const placeholder = add('touched', item('', 1))
  await statuses(link, placeholder, touch('touched', 100))
  await new Promise((resolve) => setTimeout(resolve, 1_200))
  expect(await statuses(link, set('touched', item('a'), placeholder))).toEqual([OK])
})

test('refuses a set by number when the server was flushed', async () => {
  const placeholder = add('flushed', item(''))
  await statuses(link, placeholder)
  await server.command('flush_all')
  expect(await statuses(link, set('flushed', item('a'), placeholder))).toEqual([NOT_FOUND])
})

test('deletes by number what is still there, and nothing else', async () => {
  const first = set('unlock', item('mine'))
  await statuses(link, first)
  await statuses(link, set('unlock', item('theirs')))
  const theirs = get('unlock')
  expect(await statuses(link, remove('unlock', first), theirs)).toEqual([EXISTS, OK])
  expect(await statuses(link, remove('unlock', theirs), get('unlock'))).toEqual([OK, NOT_FOUND])
})

test('lets an item of n seconds live for up to one second less', async () => {
  // By its own clock, which a timer moves on, sooner or later.
  const second = async () => Number((await server.stats())['time'])
  let [before, after] = [0, 1]
  while (before < after) {
    before = await second()
    await statuses(link, set('short', item('x', 1)))
    after = await second()
  }
  await until('it is the next second', async () => (await second()) > after)
  expect(await valueOf(link, 'short')).toBeUndefined()
})

test('takes more than thirty days for a date, and the item is gone', async () => {
  const days = (n: number) => n * 86_400
  await statuses(link, set('30', item('x', days(30))), set('31', item('x', days(31))))
  expect(await valueOf(link, '30')).toBe('x')
  expect(await valueOf(link, '31')).toBeUndefined()
})

test('removes the old item when the new one is beyond the item limit', async () => {
  const large = Buffer.alloc(2 * 1024 * 1024)
  const commands = [set('large', item('small')), set('large', item(large)), get('large')]
  expect(await statuses(link, ...commands)).toEqual([OK, TOO_LARGE, NOT_FOUND])
})

test('keeps the old item when there is no memory for the new one', async () => {
  await using full = await startMemcached({ args: ['-M', '-m', '8'] })
  const filling = connect(full)
  const large = Buffer.alloc(500_000)
  let count = 0
  while ((await statuses(filling, set(`fill-${count}`, item(large))))[0] === OK) count++
  const larger = set('fill-0', item(Buffer.alloc(600_000)))
  expect(await statuses(filling, larger, get('fill-0'))).toEqual([0x82, OK])
})

test('begins to number again when it restarts', async () => {
  await using restarting = await startMemcached()
  const before = connect(restarting)
  const first = add('a', item(''))
  await statuses(before, first)
  await restarting.restart()
  const second = add('a', item(''))
  await statuses(connect(restarting), second)
  expect(second).toMatchObject({ casHigh: first.casHigh, casLow: first.casLow })
})
