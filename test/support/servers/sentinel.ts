import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { redisKind, startRedis, withCommands, type RedisServer } from './redis.js'
import { until } from '../until.js'
import { startServer } from './server.js'

/** A master, its replicas and the Sentinels that watch them. */
export interface SentinelSetup extends AsyncDisposable {
  /** What the Sentinels call the master. */
  readonly name: 'main'
  /** Where a client asks: host and port of every Sentinel. */
  readonly startupNodes: readonly { readonly host: string; readonly port: number }[]
  /** The server that began as the master. */
  readonly master: RedisServer
  readonly replicas: readonly RedisServer[]
  readonly sentinels: readonly RedisServer[]
  /** Port of the server that the Sentinels name as the master now. */
  currentPort(): Promise<number>
  /** Waits until the Sentinels name another master than the one at `port`, and that one takes writes. */
  failedOverFrom(port: number): Promise<number>
  stop(): Promise<void>
}

export interface SentinelOptions {
  /** Default: 1. */
  readonly replicas?: number
  /** How many Sentinels; more than half of them decide. Default: 1. */
  readonly sentinels?: number
  /** How long the master may be silent before it counts as down, in milliseconds. Default: 500. */
  readonly downAfterMs?: number
  readonly password?: string
}

/** Starts Redis with Sentinel, and waits until every Sentinel knows every server. */
export async function startSentinel(options: SentinelOptions = {}): Promise<SentinelSetup> {
  const { replicas: replicaCount = 1, sentinels: sentinelCount = 1, password } = options
  const servers: RedisServer[] = []
  const started = <S extends RedisServer>(server: S): S => (servers.push(server), server)
  const stop = async () => {
    await Promise.all(servers.map((server) => server.kill()))
    await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()))
  }
  const many = async (count: number, start: () => Promise<RedisServer>) => {
    const each = Array.from({ length: count }, async () => started(await start()))
    await Promise.allSettled(each)
    return Promise.all(each)
  }
  try {
    const auth = password ? { password, args: ['--masterauth', password] } : {}
    const master = started(await startRedis(auth))
    const replicas = await many(replicaCount, () => startRedis({ ...auth, replicaOf: master }))
    const sentinels = await many(sentinelCount, () => startWatching(master, sentinelCount, options))
    await until('every Sentinel knows every server', async () => {
      const views = await Promise.all(sentinels.map((each) => each.command('INFO', 'sentinel')))
      const wanted = `status=ok,address=127.0.0.1:${master.port},slaves=${replicaCount},sentinels=${sentinelCount}`
      return views.every((view) => String(view).includes(wanted))
    })
    return setupOf(master, replicas, sentinels, stop)
  } catch (error) {
    await stop()
    throw error
  }
}

async function startWatching(
  master: RedisServer,
  sentinelCount: number,
  { downAfterMs = 500 }: SentinelOptions,
): Promise<RedisServer> {
  const base = redisKind({ name: 'sentinel' })
  const config = (data: string) => join(data, 'sentinel.conf')
  const server = await startServer({
    ...base,
    // Sentinel keeps what it learns in its configuration file, which therefore has to be its own.
    prepare: ({ data, port }) =>
      writeFile(
        config(data),
        [
          `port ${port}`,
          'bind 127.0.0.1',
          `dir ${data}`,
          `sentinel monitor main 127.0.0.1 ${master.port} ${Math.floor(sentinelCount / 2) + 1}`,
          `sentinel down-after-milliseconds main ${downAfterMs}`,
          'sentinel failover-timeout main 3000',
          ...(master.password ? [`sentinel auth-pass main ${master.password}`] : []),
          '',
        ].join('\n'),
      ),
    command: ({ data }) => ({ file: 'redis-server', args: [config(data), '--sentinel'] }),
  })
  return withCommands(server, undefined)
}

function setupOf(
  master: RedisServer,
  replicas: readonly RedisServer[],
  sentinels: readonly RedisServer[],
  stop: () => Promise<void>,
): SentinelSetup {
  const currentPort = async () => {
    const asked = sentinels.find((sentinel) => sentinel.running)
    const address = await asked?.command('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'main')
    return Number((address as string[] | undefined)?.[1])
  }
  return {
    name: 'main',
    startupNodes: sentinels.map(({ host, port }) => ({ host, port })),
    master,
    replicas,
    sentinels,
    currentPort,
    async failedOverFrom(port) {
      let now = port
      await until('another master takes writes', async () => {
        now = await currentPort()
        const server = [master, ...replicas].find((each) => each.port === now)
        if (now === port || !server) return false
        return /role:master/.test(String(await server.command('INFO', 'replication')))
      })
      return now
    },
    stop,
    [Symbol.asyncDispose]: stop,
  }
}
