export { analyze } from './analyze.js'
export { dependsOnNow } from './moments.js'
export type {
  Analysis,
  Assignment,
  Change,
  Dialect,
  Equality,
  Kind,
  Operation,
  Params,
  Reason,
  Refusal,
  Relation,
  TransactionStep,
  Value,
} from './types.js'
