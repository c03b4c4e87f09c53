import { invalidOption } from '../../src/base/errors.js'
import {
  serversAt,
  serversLike,
  type MakeServer,
  type MemjsClient,
  type MemjsServer,
} from './memjs.js'

/** One server of several. */
export interface MemcachedServer {
  /** Host name or address. */
  readonly host: string
  /** Default: 11211. */
  readonly port?: number
  /** Share of the keys, relative to the other servers. Default: 1. */
  readonly weight?: number
}

/**
 * Which servers: `'cache-1:11211,cache-2:11211'` (the port may be left out, a name and a password put in front:
 * `'user:password@cache-1'`), a list of such texts or of servers, or a memjs `Client` of the application.
 */
export type MemcachedTarget = string | readonly (string | MemcachedServer)[] | MemjsClient

/** A server with its identity: what it is called everywhere, and its share of the keys. */
export interface NamedServer {
  readonly name: string
  readonly weight: number
  readonly makeServer: MakeServer
}

interface Credentials {
  readonly username: string | undefined
  readonly password: string | undefined
}

const DEFAULT_PORT = 11211

/**
 * The servers of a target.
 *
 * @throws {CacheError} `CACHE_OPTION_INVALID` for a target that names no server, or one server twice, or is something else.
 */
export function serversOf(target: MemcachedTarget, credentials: Credentials): NamedServer[] {
  const servers = isClient(target)
    ? target.servers.map((server, index) => ofClient(server, `target.servers[${index}]`))
    : listOf(target).map((each) => parsed(each, credentials))
  if (servers.length === 0) throw invalid('at least one server', target)
  const names = new Set<string>()
  for (const { name } of servers) {
    if (names.has(name)) throw invalid('servers that differ', name)
    names.add(name)
  }
  return servers
}

function listOf(
  target: Exclude<MemcachedTarget, MemjsClient>,
): readonly (string | MemcachedServer)[] {
  const list = typeof target === 'string' ? [target] : target
  if (!Array.isArray(list)) {
    throw invalid("servers as 'host:11211,other:11211', a list of them, or a memjs Client", target)
  }
  const servers: (string | MemcachedServer)[] = []
  for (const each of list as readonly (string | MemcachedServer)[]) {
    if (typeof each === 'string') servers.push(...each.split(',').map((text) => text.trim()))
    else servers.push(each)
  }
  return servers
}

function parsed(server: string | MemcachedServer, credentials: Credentials): NamedServer {
  if (typeof server !== 'string' && (typeof server !== 'object' || server === null)) {
    throw invalid('servers as texts or as { host, port }', server)
  }
  const {
    host,
    port = DEFAULT_PORT,
    weight = 1,
    ...own
  } = typeof server === 'string' ? parse(server) : server
  if (typeof host !== 'string' || host === '') throw invalid('a host name or address', server)
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw invalid('a port from 1 to 65535', server)
  }
  if (!(weight > 0 && weight <= 1_000)) throw invalid('a weight above 0, up to 1000', weight)
  const makeServer = serversAt({ host, port, ...credentials, ...own })
  return { name: nameOf(host, port), weight, makeServer }
}

/** `[user:password@]host[:port]`, where an IPv6 address that has a port behind it stands in brackets. */
function parse(text: string): MemcachedServer & Partial<Credentials> {
  const at = text.lastIndexOf('@')
  const address = text.slice(at + 1)
  const match = /^(?:\[([^\]]+)\]|([^:]*)|(.*:.*:.*?))(?::(\d+))?$/.exec(address)
  if (match === null) throw invalid("a server as 'host' or 'host:11211'", address)
  const [, bracketed, name, ipv6, port] = match
  const server = {
    host: bracketed ?? name ?? ipv6 ?? '',
    ...(port !== undefined && { port: Number(port) }),
  }
  if (at < 0) return server
  const user = text.slice(0, at)
  const colon = user.indexOf(':')
  if (colon < 0) throw invalid("a name and a password as 'user:password@host'", address)
  return { ...server, username: user.slice(0, colon), password: user.slice(colon + 1) }
}

function ofClient(server: MemjsServer, option: string): NamedServer {
  if (typeof server.sock !== 'function' || typeof server.host !== 'string') {
    throw invalidOption(option, 'a Server of memjs', server)
  }
  const { host, port } = server
  return { name: nameOf(host, port), weight: 1, makeServer: serversLike(server) }
}

function isClient(target: MemcachedTarget): target is MemjsClient {
  return (
    typeof target === 'object' &&
    target !== null &&
    'servers' in target &&
    Array.isArray(target.servers)
  )
}

function nameOf(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

function invalid(expected: string, received: unknown): Error {
  return invalidOption('target', expected, received)
}
