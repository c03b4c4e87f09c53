import { invalidOption } from '../../src/base/errors.js'
import type { Address, ClusterTarget, RedisConnectionOptions } from './target.js'

/**
 * What a URL stands for.
 *
 *     redis://user:password@host:6379/0          one server; rediss:// for TLS
 *     unix:///run/redis.sock?db=0                one server on this machine
 *     redis+sentinel://:password@a:26379,b/main/0  the master that Sentinels at a and b call `main`
 *     redis+cluster://:password@a:6379,b:6379    a cluster, found through any of its nodes
 */
export function parseUrl(url: string): RedisConnectionOptions | ClusterTarget {
  const match =
    /^(redis|rediss|unix)(\+sentinel|\+cluster)?:\/\/(?:([^/?]*)@)?([^/?]*)(\/[^?]*)?(?:\?(.*))?$/.exec(
      url,
    )
  if (match === null) throw invalid(url)
  const [, scheme, kind, userInfo, hosts = '', path = '', query = ''] = match
  const common = {
    ...credentials(userInfo),
    ...(scheme === 'rediss' && { tls: {} }),
    ...(new URLSearchParams(query).has('db') && {
      db: database(new URLSearchParams(query).get('db')!, url),
    }),
  }
  if (scheme === 'unix') {
    if (kind !== undefined || hosts !== '' || path === '') throw invalid(url)
    return { ...common, path: decodeURIComponent(path) }
  }
  const parts = path.split('/').slice(1)
  if (kind === '+sentinel') {
    const [name = '', db] = parts
    if (name === '') throw invalid(url)
    const sentinels = addresses(hosts, 26_379, url)
    // TLS, where asked for, is for the master and for the Sentinels alike.
    const secure = scheme === 'rediss' && { sentinelTLS: {}, enableTLSForSentinelMode: true }
    return {
      ...common,
      ...secure,
      ...(db && { db: database(db, url) }),
      sentinels,
      name: decodeURIComponent(name),
    }
  }
  const nodes = addresses(hosts, 6_379, url)
  if (kind === '+cluster') return { cluster: nodes, redisOptions: common }
  if (nodes.length !== 1) throw invalid(url)
  const [db] = parts
  return { ...common, ...nodes[0], ...(db && { db: database(db, url) }) }
}

function credentials(userInfo: string | undefined): {
  readonly username?: string
  readonly password?: string
} {
  if (userInfo === undefined || userInfo === '') return {}
  const colon = userInfo.indexOf(':')
  // What stands alone is a password by custom: redis://secret@host never meant a user without one.
  if (colon < 0) return { password: decodeURIComponent(userInfo) }
  const username = decodeURIComponent(userInfo.slice(0, colon))
  const password = decodeURIComponent(userInfo.slice(colon + 1))
  return { ...(username !== '' && { username }), ...(password !== '' && { password }) }
}

function addresses(hosts: string, defaultPort: number, url: string): Address[] {
  return hosts.split(',').map((each) => {
    const match = /^(?:\[([^\]]+)\]|([^:]*))(?::(\d{1,5}))?$/.exec(each)
    const host = match?.[1] ?? match?.[2]
    const port = Number(match?.[3] ?? defaultPort)
    if (host === undefined || host === '' || port < 1 || port > 65_535) throw invalid(url)
    return { host, port }
  })
}

function database(text: string, url: string): number {
  if (!/^\d{1,6}$/.test(text)) throw invalid(url)
  return Number(text)
}

function invalid(url: string): Error {
  // A URL may hold a password, which has no place in a message.
  return invalidOption(
    'redisStore(target)',
    "a URL such as 'redis://host:6379/0', 'rediss://…', 'redis+sentinel://a:26379,b:26379/main', 'redis+cluster://a:6379,b:6379'",
    url.replace(/\/\/.*@/, '//***@'),
  )
}
