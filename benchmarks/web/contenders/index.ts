import type { WebContender } from '../contender.js'
import { apicache } from './apicache.js'
import { plainExpress } from './express.js'
import { plainFastify } from './fastify.js'
import { beforeExpress, inExpress } from './keepfresh-express.js'
import { beforeFastify, inFastify } from './keepfresh-fastify.js'
import { lruInExpress, lruInFastify } from './lru-cache.js'
import { nginx } from './nginx.js'
import { nodeHttp } from './node-http.js'
import { varnish } from './varnish.js'

/** Ours, what they are put into, and what a reader may put there instead. */
export const WEB_CONTENDERS: readonly WebContender[] = [
  inExpress,
  beforeExpress,
  inFastify,
  beforeFastify,
  nodeHttp,
  plainExpress,
  plainFastify,
  lruInExpress,
  lruInFastify,
  apicache,
  nginx,
  varnish,
]

export function webContenderNamed(name: string): WebContender {
  const found = WEB_CONTENDERS.find((contender) => contender.name === name)
  if (found === undefined) throw new TypeError(`no contender is named ${name}`)
  return found
}
