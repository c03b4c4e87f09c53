import type { Scope } from '../cache/scope.js'
import { type FieldLine, type FieldValues, hasField } from '../http/index.js'
import type { Run } from './run.js'
import { surrogateLines } from './surrogate.js'

/**
 * The fields that a page which is kept goes out with besides those of its handler: for browsers, what of the query makes no
 * difference; for a CDN, its tags. `whole`: the handler is done, and reads no more.
 */
export function addedLines(
  run: Run,
  scope: Scope | undefined,
  fields: FieldValues,
  whole: boolean,
): readonly FieldLine[] {
  const lines = surrogateLines(run, scope, fields, whole)
  const { noVarySearch } = run.settings
  if (noVarySearch === undefined || hasField(fields, 'no-vary-search')) return lines
  return [...lines, ['no-vary-search', noVarySearch]]
}
