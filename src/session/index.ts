export {
  type Callback,
  type CallbackSessions,
  createLinks,
  type Links,
  withCallbacks,
} from './callbacks.js'
export type { SessionMethods } from './methods.js'
export type { SessionOptions } from './options.js'
export type { SessionData } from './record.js'
export { createSessions, type Loaded, type Sessions } from './sessions.js'
