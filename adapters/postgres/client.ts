/** The slice of `pg` (8) that is called here. A type test holds the real one to it. */
import { CacheError } from '../../src/base/errors.js'

/** How to reach the server: a URL, or what `new pg.Client` takes. */
export type ConnectionOptions = string | object

/** One connection. */
export interface PgClient {
  connect(): Promise<unknown>
  query(text: string, values?: unknown[]): Promise<{ readonly rows: Record<string, unknown>[] }>
  end(): Promise<void>
  on(event: 'error', listener: (error: Error) => void): unknown
  on(event: 'end', listener: () => void): unknown
  on(
    event: 'notification',
    listener: (message: {
      readonly channel: string
      readonly payload?: string | undefined
    }) => void,
  ): unknown
}

/** What `import('pg')` has for us. */
interface PgModule {
  readonly default: { readonly Client: new (options: object) => PgClient }
}

/**
 * The `pg` that the application has installed, loaded when a connection is first needed.
 *
 * @throws {CacheError} `CACHE_PEER_MISSING` when it is not installed.
 */
export async function newClient(
  connection: ConnectionOptions,
  extra: Readonly<Record<string, unknown>> = {},
): Promise<PgClient> {
  const { default: pg } = await loadPg()
  return new pg.Client({ ...clientOptions(connection), ...extra })
}

/** @internal */
export function clientOptions(connection: ConnectionOptions): Record<string, unknown> {
  return typeof connection === 'string' ? { connectionString: connection } : { ...connection }
}

async function loadPg(): Promise<PgModule> {
  try {
    return await import('pg')
  } catch (cause) {
    throw new CacheError(
      'CACHE_PEER_MISSING',
      'keepfresh/postgres needs the package pg, version 8: npm install pg',
      { cause },
    )
  }
}

/**
 * Ends a connection, politely while the server answers. One that is open and silent would wait for a goodbye for ever, so its
 * socket is destroyed after `graceMs`.
 */
export async function endClient(client: PgClient, graceMs: number): Promise<void> {
  const ended = client.end().catch(() => {})
  const late = Promise.withResolvers<void>()
  const timer = setTimeout(() => {
    const { connection } = client as { connection?: { stream?: { destroy?: () => void } } }
    connection?.stream?.destroy?.()
    late.resolve()
  }, graceMs)
  await Promise.race([ended, late.promise])
  clearTimeout(timer)
}
