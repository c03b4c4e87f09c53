import { invalidOption } from '../../src/base/errors.js'
import type {
  ClusterInstance,
  NatMap,
  RedisConnection,
  RedisInstance,
  SessionOptions,
} from './client.js'
import { loadIoredis } from './peer.js'
import { parseUrl } from './url.js'

export interface Address {
  readonly host: string
  readonly port: number
}

/** Options of `ioredis` that are passed on, or have no effect here: those about reconnecting, waiting and repeating. */
type OtherOption =
  | 'Connector'
  | 'autoPipeliningIgnoredCommands'
  | 'autoResendUnfulfilledCommands'
  | 'autoResubscribe'
  | 'blockingTimeout'
  | 'blockingTimeoutGrace'
  | 'clientInfoTag'
  | 'commandQueue'
  | 'commandTimeout'
  | 'connectTimeout'
  | 'disableClientInfo'
  | 'disconnectTimeout'
  | 'enableAutoPipelining'
  | 'enableOfflineQueue'
  | 'enableReadyCheck'
  | 'himportFieldsets'
  | 'keepAlive'
  | 'lazyConnect'
  | 'maxLoadingRetryTime'
  | 'maxRetriesPerRequest'
  | 'monitor'
  | 'natMap'
  | 'noDelay'
  | 'offlineQueue'
  | 'preferredSlaves'
  | 'protocol'
  | 'readOnly'
  | 'reconnectOnError'
  | 'replyMapping'
  | 'retryStrategy'
  | 'role'
  | 'scripts'
  | 'sentinelCommandTimeout'
  | 'sentinelMaxConnections'
  | 'sentinelReconnectStrategy'
  | 'sentinelRetryStrategy'
  | 'showFriendlyErrorStack'
  | 'socketTimeout'
  | 'stringNumbers'
  | 'updateSentinels'

/**
 * The options of `ioredis` that say where a server is and how to be let in. All its options are taken; those about
 * reconnecting, waiting and repeating have no effect, since the store sees to that itself.
 */
export interface RedisConnectionOptions extends Readonly<Partial<Record<OtherOption, unknown>>> {
  readonly host?: string | undefined
  readonly port?: number | undefined
  /** A Unix socket. */
  readonly path?: string | undefined
  readonly username?: string | null | undefined
  readonly password?: string | null | undefined
  readonly db?: number | undefined
  readonly tls?: object | undefined
  readonly family?: number | undefined
  /** Comes before the store's own prefix. */
  readonly keyPrefix?: string | undefined
  readonly connectionName?: string | null | undefined
  /** Where to ask for the master, with `name`. */
  readonly sentinels?: readonly object[] | null | undefined
  /** What the Sentinels call the master. */
  readonly name?: string | null | undefined
  readonly sentinelUsername?: string | null | undefined
  readonly sentinelPassword?: string | null | undefined
  readonly sentinelTLS?: object | undefined
  readonly enableTLSForSentinelMode?: boolean | undefined
  /** Whether to hear of a failover from the Sentinels, and not only by losing the connection. Default: false. */
  readonly failoverDetector?: boolean | undefined
}

/** A cluster, found through any of the nodes named here. */
export interface ClusterTarget {
  readonly cluster: readonly ClusterNode[]
  /** How each node lets us in. */
  readonly redisOptions?: RedisConnectionOptions | undefined
  /** Where we reach what the nodes call themselves. */
  readonly natMap?: NatMap | undefined
}

export type ClusterNode =
  string | number | { readonly host?: string | undefined; readonly port?: number | undefined }

/** Where Redis is. Undefined is `redis://127.0.0.1:6379`, so that an environment variable can be passed as it is. */
export type RedisTarget =
  | string
  | RedisConnectionOptions
  | ClusterTarget
  | readonly ClusterNode[]
  | RedisInstance
  | ClusterInstance
  | undefined

/** A target, understood: how to make one connection to it. */
export type Plan =
  | {
      readonly kind: 'one'
      readonly server: string
      readonly keyPrefix: string
      readonly make: (options: SessionOptions) => Promise<RedisConnection>
    }
  | {
      readonly kind: 'cluster'
      readonly seeds: readonly Address[]
      readonly keyPrefix: string
      readonly natMap: NatMap | undefined
      readonly make: (address: Address, options: SessionOptions) => Promise<RedisConnection>
    }

/**
 * Understands a target, without connecting.
 *
 * @throws {CacheError} `CACHE_OPTION_INVALID` for anything that is not a target.
 */
export function planFor(target: RedisTarget): Plan {
  if (target === undefined) return planForOptions({ host: '127.0.0.1', port: 6_379 })
  if (typeof target === 'string') {
    const parsed = parseUrl(target.startsWith('/') ? `unix://${target}` : target)
    return 'cluster' in parsed ? planForCluster(parsed) : planForOptions(parsed)
  }
  if (typeof target !== 'object' || target === null) throw invalidTarget(target)
  if (isList(target)) return planForCluster({ cluster: target })
  if (isInstance(target)) {
    return 'duplicate' in target && !target.isCluster
      ? planForInstance(target)
      : planForClusterInstance(target as ClusterInstance)
  }
  return 'cluster' in target ? planForCluster(target) : planForOptions(target)
}

const isList = (target: object): target is readonly ClusterNode[] => Array.isArray(target)

const isInstance = (target: object): target is RedisInstance | ClusterInstance =>
  typeof (target as { duplicate?: unknown }).duplicate === 'function'

function planForOptions(options: RedisConnectionOptions): Plan {
  const { host = '127.0.0.1', port = 6_379, path, sentinels, name, keyPrefix = '' } = options
  if (sentinels && !(sentinels.length > 0 && name)) {
    throw invalidOption('sentinels', 'given together with name, and not empty', sentinels)
  }
  if (typeof port !== 'number' || !(port > 0 && port < 65_536)) {
    throw invalidOption('port', 'a port number', port)
  }
  return {
    kind: 'one',
    server: sentinels ? String(name) : (path ?? `${host}:${port}`),
    keyPrefix,
    make: async (session) => {
      const { Redis } = await loadIoredis()
      return new Redis({ host, port, ...options, ...session })
    },
  }
}

/**
 * The application's own client lends its options and nothing else: we never send through it, close it or listen to
 * it. What it does on its own (waiting for a connection, repeating after one was lost) is what a store may not do.
 */
function planForInstance(instance: RedisInstance): Plan {
  const { host = '127.0.0.1', port = 6_379, keyPrefix = '' } = instance.options
  return {
    kind: 'one',
    server: `${host}:${port}`,
    keyPrefix,
    make: async (session) => instance.duplicate(session),
  }
}

function planForCluster(target: ClusterTarget): Plan {
  const { cluster, redisOptions = {}, natMap } = target
  if (!Array.isArray(cluster) || cluster.length === 0) {
    throw invalidOption('cluster', 'a list of nodes that is not empty', cluster)
  }
  const seeds = cluster.map(seedOf)
  const shared = seeds.find((seed) => seed.options !== undefined)?.options
  return {
    kind: 'cluster',
    seeds,
    keyPrefix: redisOptions.keyPrefix ?? '',
    natMap,
    make: async ({ host, port }, session) => {
      const { Redis } = await loadIoredis()
      // A cluster has one database.
      const options = { ...shared, ...redisOptions, host, port, db: 0, ...session }
      return new Redis(options)
    },
  }
}

function seedOf(node: ClusterNode): Address & { readonly options?: object } {
  if (typeof node === 'number') return { host: '127.0.0.1', port: node }
  if (typeof node === 'string') {
    const parsed = parseUrl(node.includes('://') ? node : `redis://${node}`)
    if ('cluster' in parsed || parsed.sentinels) throw invalidOption('cluster', 'nodes', node)
    const { host = '127.0.0.1', port = 6_379, ...options } = parsed
    return { host, port, options }
  }
  if (typeof node !== 'object' || node === null) throw invalidOption('cluster', 'nodes', node)
  const { host = '127.0.0.1', port = 6_379, ...options } = node
  return { host, port, options }
}

function planForClusterInstance(instance: ClusterInstance): Plan {
  const { redisOptions = {}, natMap, keyPrefix } = instance.options
  // The nodes it was started with are private to it, and the nodes it has found are none before it connects.
  const started: unknown = Reflect.get(instance, 'startupNodes')
  const known = instance.nodes('all').map(({ options: { host, port } }) => ({ host, port }))
  const cluster = [...(Array.isArray(started) ? (started as ClusterNode[]) : []), ...known]
  const plan = planForCluster({ cluster, redisOptions, natMap })
  return keyPrefix === undefined ? plan : { ...plan, keyPrefix }
}

function invalidTarget(target: unknown): Error {
  return invalidOption(
    'redisStore(target)',
    'a URL, options of ioredis, a list of cluster nodes, or a client',
    target,
  )
}
