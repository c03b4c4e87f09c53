export { answerConditional, type KnownValidators } from './conditional.js'
export { createPageCache, type PageCache, type Visit } from './page-cache.js'
export type { PageOptions } from './options.js'
export { type Listener, listenerWith } from './listener.js'
