/**
 * The slice of `ioredis` (5 and 6) that is called here. A type test holds the real clients to it, so that this
 * folder loads, and its declarations check, where `ioredis` is not installed.
 */

export type Argument = string | Buffer | number

/** The socket under a connection; there once it has begun to connect. */
export interface Wire {
  cork(): void
  uncork(): void
  destroy(): unknown
}

/** One connection to one server, as `new Redis(options)` makes it. */
export interface RedisConnection {
  readonly stream: Wire
  connect(): Promise<void>
  disconnect(): void
  callBuffer(command: string, args: Argument[]): Promise<unknown>
  subscribe(channel: string): Promise<unknown>
  on(event: 'error', listener: (error: Error) => void): unknown
  on(event: 'end', listener: () => void): unknown
  on(event: 'message', listener: (channel: string, message: string) => void): unknown
}

/** The application's own `Redis`. */
export interface RedisInstance {
  readonly isCluster: boolean
  readonly options: {
    readonly host?: string | undefined
    readonly port?: number | undefined
    readonly keyPrefix?: string | undefined
  }
  duplicate(override: SessionOptions): RedisConnection
}

/** The application's own `Cluster`. */
export interface ClusterInstance {
  readonly isCluster: boolean
  readonly options: {
    readonly redisOptions?: object | undefined
    readonly keyPrefix?: string | undefined
    readonly natMap?: NatMap | undefined
  }
  nodes(role: 'all'): readonly {
    readonly options: {
      readonly host?: string | undefined
      readonly port?: number | undefined
    }
  }[]
}

/** What the nodes of a cluster call themselves, and where we reach them. */
export type NatMap =
  | Readonly<Record<string, { readonly host: string; readonly port: number }>>
  | ((key: string) => { readonly host: string; readonly port: number } | null | undefined)

/** What `import('ioredis')` has for us. */
export interface RedisModule {
  readonly Redis: new (options: SessionOptions) => RedisConnection
}

/**
 * The options that make a connection end with its first loss and hold nothing back.
 *
 * Reconnecting, waiting and repeating are not left to the client. One that repeats what was in flight when its
 * connection was lost would apply an invalidation twice, the second time after newer ones, and give back a tag the
 * version that was taken from it. So each of our connections lives once, and the link decides what comes after it.
 */
export interface SessionOptions {
  readonly lazyConnect: true
  readonly enableOfflineQueue: false
  readonly enableReadyCheck: false
  readonly enableAutoPipelining: false
  readonly autoResubscribe: false
  readonly autoResendUnfulfilledCommands: false
  readonly maxRetriesPerRequest: null
  readonly reconnectOnError: null
  readonly retryStrategy: () => null
  readonly sentinelRetryStrategy: () => null
  readonly sentinelCommandTimeout: number
  readonly connectTimeout: number
  readonly readOnly: false
  readonly keyPrefix: ''
}

export function sessionOptions(connectMs: number): SessionOptions {
  return {
    lazyConnect: true,
    enableOfflineQueue: false,
    enableReadyCheck: false,
    enableAutoPipelining: false,
    autoResubscribe: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: null,
    reconnectOnError: null,
    retryStrategy: () => null,
    sentinelRetryStrategy: () => null,
    // Several Sentinels have to fit into the time for connecting.
    sentinelCommandTimeout: Math.ceil(connectMs / 4),
    connectTimeout: connectMs,
    readOnly: false,
    // The prefix is part of our own names, so that scripts, scans and channels all see the same.
    keyPrefix: '',
    // Replies are the same in both protocols; the older one needs no negotiation with older servers and proxies.
    ...({
      protocol: 2,
      replyMapping: 'legacy',
      commandTimeout: undefined,
      socketTimeout: undefined,
      showFriendlyErrorStack: false,
      monitor: false,
      stringNumbers: false,
    } as object),
  }
}
