import { Redis } from 'ioredis'
import { until } from '../until.js'
import { startServer, type Server, type ServerKind } from './server.js'

export interface RedisServer extends Server {
  readonly password: string | undefined
  /** Sends one command on a connection of its own: `command('FLUSHALL')`. */
  command(name: string, ...args: (string | number)[]): Promise<unknown>
}

export interface RedisOptions {
  /** More configuration, as on the command line: `['--hz', '100']`. */
  readonly args?: readonly string[]
  /** Default: none needed. */
  readonly password?: string
  /** Bound on memory as Redis writes it: `'4mb'`. What happens there follows `args`: refusing writes unless told otherwise. Default: none. */
  readonly maxmemory?: string
  /** A port from `freePort`, for a server that is not there at first. Default: any free one. */
  readonly port?: number
  /** Starts as a replica of this server, and answers once it is in step with it. */
  readonly replicaOf?: RedisServer
  /** Whether every write is on disk before it is answered, so that data survives `kill` and `restart`. Default: `false`, nothing is. */
  readonly persist?: boolean
}

/** Starts an empty `redis-server`. */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  const { password, maxmemory, replicaOf, persist = false, args = [] } = options
  const settings = {
    ...(persist && { appendonly: 'yes', appendfsync: 'always' }),
    ...(password && { requirepass: password }),
    ...(maxmemory && { maxmemory }),
    ...(replicaOf && { replicaof: `${replicaOf.host} ${replicaOf.port}` }),
    ...(replicaOf?.password && { masterauth: replicaOf.password }),
  }
  const kind = redisKind({ name: 'redis', settings, args, password })
  const server = withCommands(await startServer({ ...kind, port: options.port }), password)
  if (replicaOf) await until('the replica is in step with its master', () => isInStep(server))
  return server
}

/** Whether a replica has a copy of its master and follows it. */
export async function isInStep(replica: RedisServer): Promise<boolean> {
  return /master_link_status:up/.test(String(await replica.command('INFO', 'replication')))
}

const BASE = {
  bind: '127.0.0.1',
  daemonize: 'no',
  save: '',
  appendonly: 'no',
  // By way of a file: a replica that is filled over a socket may be told of no write for a second after it is up, when what it says of that comes
  // before its master has noticed that all was sent.
  'repl-diskless-sync': 'no',
  'enable-debug-command': 'local',
} as const

/** What `redis-server` needs, for the ways of running it that share this. */
export function redisKind(options: {
  readonly name: string
  readonly settings?: Readonly<Record<string, string | number>>
  readonly args?: readonly string[]
  readonly password?: string | undefined
}): ServerKind {
  const { name, settings = {}, args = [], password } = options
  return {
    name,
    command: ({ data, port }) => ({
      file: 'redis-server',
      args: [...flags({ ...BASE, port, dir: data, ...settings }), ...args],
    }),
    ready: (port) => redisCommand(port, password, 'PING', []),
    url: (port) =>
      `redis://${password ? `:${encodeURIComponent(password)}@` : ''}127.0.0.1:${port}`,
  }
}

const flags = (settings: Readonly<Record<string, string | number>>): string[] =>
  Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)])

export function withCommands(server: Server, password: string | undefined): RedisServer {
  return Object.assign(server, {
    password,
    command: (name: string, ...args: (string | number)[]) =>
      redisCommand(server.port, password, name, args),
  })
}

async function redisCommand(
  port: number,
  password: string | undefined,
  name: string,
  args: readonly (string | number)[],
): Promise<unknown> {
  const client = new Redis(port, '127.0.0.1', {
    lazyConnect: true,
    enableReadyCheck: false,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    connectTimeout: 2_000,
    ...(password && { password }),
  })
  client.on('error', () => {}) // each failure also rejects the call below
  try {
    await client.connect()
    return await client.call(name, ...args)
  } finally {
    client.disconnect()
  }
}
