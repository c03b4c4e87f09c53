import { array, nat, tuple, type Arbitrary } from 'fast-check'

/** Cuts a text into pieces that can be moved: words, strings, marks, white space. */
function pieces(sql: string): string[] {
  return sql.match(/\s+|\w+|'[^']*'|"[^"]*"|`[^`]*`|\[[^\]]*\]|[^\s\w]/g) ?? []
}

const FRAGMENTS: readonly string[] = (
  `( ) , ; ' " $$ -- /* */ [ ] . * = :: + - < > @ ~ ! % ^ & | ? # : := \\ E U& $1 ? 1 .5 1e5 a b id loans books ` +
  'FROM WHERE SELECT AS ON UNION WITH IN JOIN LEFT USING VALUES TABLE LATERAL ONLY SET INTO ARRAY CASE END WHEN NOT AND OR EXISTS ' +
  'LIMIT OFFSET RETURNING WINDOW DISTINCT IS ALL ANY CAST( EXTRACT( TRIM( left order filter over user current_date now() random() ' +
  'IN|hidden main.hidden FROM|hidden ,|hidden JOIN|hidden|ON|true NATURAL|JOIN|hidden (SELECT|id|FROM|hidden) (TABLE|hidden) ' +
  'WITH|hidden|AS|(SELECT|1|AS|id) GROUP|BY ORDER|BY FOR|UPDATE IS|DISTINCT|FROM AT|TIME|ZONE WITHIN|GROUP DELETE|FROM|hidden ' +
  'INSERT|INTO|hidden UPDATE|hidden|SET ROWS|FROM|( OPERATOR( GROUPING|SETS ROLLUP ON|CONFLICT|DO|NOTHING OVER|( f( MATCH LIKE ESCAPE'
)
  .split(' ')
  .map((fragment) => fragment.replaceAll('|', ' '))

type Edit = readonly [kind: number, at: number, size: number, pick: number]

/** Texts made from known ones by a few edits: pieces left out, put in, exchanged, or taken from another text. */
export function mutations(texts: readonly string[]): Arbitrary<string> {
  const pools = texts.map(pieces)
  const index = nat({ max: 10_000 })
  const edit: Arbitrary<Edit> = tuple(nat({ max: 5 }), index, nat({ max: 7 }), index)
  return tuple(nat({ max: pools.length - 1 }), array(edit, { minLength: 1, maxLength: 3 })).map(
    ([base, edits]) => {
      const words = [...(pools[base] ?? [])]
      for (const one of edits) apply(words, one, pools)
      return words.join('')
    },
  )
}

function apply(words: string[], [kind, where, size, pick]: Edit, pools: readonly string[][]): void {
  const at = where % (words.length + 1)
  const fragment = FRAGMENTS[pick % FRAGMENTS.length] ?? ''
  const other = pools[pick % pools.length] ?? []
  const from = where % Math.max(1, other.length)
  if (kind === 0) words.splice(at, 1 + (size % 3))
  else if (kind === 1) words.splice(at, 0, ' ', fragment, ' ')
  else if (kind === 2) words[at] = fragment
  else if (kind === 3) words.splice(at, 0, ' ', ...other.slice(from, from + 1 + size), ' ')
  else if (kind === 4) words.splice(at, 0, ' (', ...other, ') ')
  else {
    const to = pick % Math.max(1, words.length)
    const [a = '', b = ''] = [words[at], words[to]]
    words[at] = b
    words[to] = a
  }
}
