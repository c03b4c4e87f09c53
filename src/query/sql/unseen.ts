import { readCall } from './expression.js'
import type { Reader } from './reader.js'
import type { Kind } from './types.js'

/** CALL, EXECUTE, ATTACH and all that we do not know: anything may happen. */
export function readUnseen(r: Reader): Kind {
  const { name } = r.token
  if (!r.takeOne('CALL')) {
    r.found.anything(name)
    return 'unknown'
  }
  // The catalogue may know the procedure.
  r.found.anything('call')
  const path = r.path()
  if (r.is('(')) readCall(r, path)
  else r.found.functions.add(path.map((part) => part.name).join('.'))
  return 'unknown'
}
