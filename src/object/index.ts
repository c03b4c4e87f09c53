export { defineObject } from './define.js'
export { wrapMethods } from './methods.js'

export type { Objects } from './define.js'
export type {
  Assembled,
  Id,
  ObjectOptions,
  ObjectUpdate,
  Part,
  Parts,
  PartVersion,
  UpdateOptions,
} from './types.js'
