import type { Analysis } from './sql/index.js'

/** Functions that make one value of one row. Anything else may aggregate: then a row is answered where none was found. */
const OF_ONE_ROW = new Set(
  'lower upper length char_length coalesce nullif greatest least abs round floor ceil ceiling trim btrim ltrim rtrim concat concat_ws substr substring left right replace ifnull to_char'.split(
    ' ',
  ),
)

/** Words by which an answer may have a row although one of its tables gave none, or more than one query stands in the text. */
const WORDS =
  /\b(?:left|right|full|outer|natural|group|having|union|except|intersect|minus|values|with|table|lateral|exists|any|all|some|array|distinct|over|unnest|into)\b/i

/**
 * Whether each row of the answer was made from a row of every table of the query, so that an answer with rows has found all the rows
 * it asked for by key. Then an insert cannot change it: their keys are taken. It is decided by the words of the text alone, strings and
 * names included, and errs on the side of no.
 */
export function findsRows(analysis: Analysis): boolean {
  const { text, functions } = analysis
  if (analysis.kind !== 'read' || analysis.statements !== 1) return false
  if (text.match(/\bselect\b/gi)?.length !== 1 || WORDS.test(text)) return false
  return functions.every((name) => OF_ONE_ROW.has(name))
}
