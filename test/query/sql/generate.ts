import { constantFrom, letrec, nat, oneof, option, record, tuple, type Arbitrary } from 'fast-check'

/** Texts from a grammar of PostgreSQL's queries and changes, nested as they come. */
export function statements(): Arbitrary<string> {
  return grammar().statement
}

const TABLES = [
  'books',
  'BOOKS',
  '"books"',
  'public.books',
  '"weird table"',
  '"Loans"',
  'attic . books',
  'c1',
  'c2',
  '"a""b"',
] as const
const ALIASES = ['a', 'AS b', '"c d"', 'AS "from"', 'loans', ''] as const
const COLUMNS = [
  'id',
  'a.id',
  '"from"',
  'books.title',
  'b."x y"',
  'a.*',
  'title COLLATE "C"',
] as const
const CONSTANTS = [
  '1',
  '$1',
  "'x'",
  "'it''s FROM t9'",
  "E'\\\\''",
  '$$ FROM t9 $$',
  'NULL',
  '-1.5e3',
  "B'1'",
  "interval '1 day'",
  "date '2024-01-01'",
  'TRUE',
] as const
const COMMENTS = [' ', ' /* FROM t9 */ ', ' -- FROM t9\n', '\n', ' /* /* */ JOIN t9 */ '] as const

interface Grammar {
  statement: string
  query: string
  with: string
  from: string
  item: string
  expression: string
  list: string
  change: string
  tail: string
}

function grammar(): { readonly statement: Arbitrary<string> } {
  const space = constantFrom(...COMMENTS)
  const { statement } = letrec<Grammar>((loose) => {
    const tie = (name: keyof Grammar): Arbitrary<string> => loose(name) as Arbitrary<string>
    const expression = tie('expression')
    const query = tie('query')
    const joined = (separator: string, ...parts: Arbitrary<string | null>[]): Arbitrary<string> =>
      tuple(...parts).map((found) =>
        found.filter((part) => part !== null && part !== '').join(separator),
      )
    const maybe = (prefix: string, part: Arbitrary<string>): Arbitrary<string> =>
      option(part, { freq: 2 }).map((found) => (found === null ? '' : `${prefix} ${found}`))
    const table = constantFrom(...TABLES)
    const aliased = tuple(table, constantFrom(...ALIASES)).map((parts) => parts.join(' '))
    const columns = constantFrom('id', 'id, title', '"from"')
    const returning = maybe('RETURNING', expression)
    return {
      expression: oneof(
        { depthSize: 'small', withCrossShrink: true },
        constantFrom(...CONSTANTS),
        constantFrom(...COLUMNS.filter((c) => !c.includes('*'))),
        query.map((q) => `(${q})`),
        query.map((q) => `EXISTS (${q})`),
        query.map((q) => `ARRAY(${q})`),
        tuple(
          expression,
          constantFrom('+', '=', '||', 'AND', 'OR', 'IS DISTINCT FROM', '->>', '@>', 'ILIKE'),
          expression,
        ).map(([a, o, b]) => `(${a} ${o} ${b})`),
        tuple(expression, query).map(([e, q]) => `${e} IN (${q})`),
        tuple(expression, query).map(([e, q]) => `${e} = ANY (${q})`),
        tuple(expression, expression, expression).map(
          ([a, b, c]) => `CASE WHEN ${a} THEN ${b} ELSE ${c} END`,
        ),
        tuple(
          constantFrom(
            'lower',
            'count',
            'coalesce',
            'pg_catalog.upper',
            'nobody',
            'app.nobody',
            'now',
            'max',
          ),
          tie('list'),
        ).map(([f, l]) => `${f}(${l})`),
        expression.map((e) => `(${e})::text`),
        expression.map((e) => `CAST(${e} AS numeric(10, 2))`),
        expression.map((e) => `extract(epoch FROM ${e})`),
        expression.map((e) => `substring(${e} FROM 1 FOR 2)`),
        expression.map((e) => `trim(both 'x' FROM ${e})`),
        tuple(expression, expression).map(
          ([a, b]) => `sum(${a}) FILTER (WHERE ${b}) OVER (PARTITION BY ${a} ORDER BY ${b})`,
        ),
        tuple(expression, expression).map(
          ([a, b]) => `string_agg(DISTINCT ${a}, ',' ORDER BY ${b} DESC)`,
        ),
        expression.map((e) => `ARRAY[${e}, 2]`),
        tuple(expression, expression).map(([a, b]) => `(ARRAY[1])[${a}:${b}]`),
        tuple(expression, expression).map(([a, b]) => `${a} BETWEEN 1 AND ${b}`),
        expression.map((e) => `NOT ${e} AT TIME ZONE 'UTC'`),
      ),
      list: tuple(expression, option(expression)).map(([a, b]) => (b === null ? a : `${a}, ${b}`)),
      item: oneof(
        { depthSize: 'small', withCrossShrink: true },
        aliased,
        aliased,
        query.map((q) => `(${q}) q`),
        query.map((q) => `LATERAL (${q}) AS l(id, title)`),
        tie('list').map((l) => `generate_series(${l}) WITH ORDINALITY AS g(n, o)`),
        tie('list').map((l) => `ROWS FROM (unnest(${l}), nobody(${l})) AS r`),
        tuple(
          tie('item'),
          constantFrom('JOIN', 'LEFT OUTER JOIN', 'FULL JOIN', 'INNER JOIN'),
          tie('item'),
          expression,
        ).map(([a, j, b, e]) => `${a} ${j} ${b} ON ${e}`),
        tuple(tie('item'), constantFrom('CROSS JOIN', 'NATURAL JOIN'), aliased).map(
          ([a, j, b]) => `${a} ${j} ${b}`,
        ),
        tuple(tie('item'), aliased).map(([a, b]) => `(${a} JOIN ${b} USING (id)) AS j`),
        table.map((t) => `ONLY ${t}`),
        table.map((t) => `ONLY (${t}) o`),
      ),
      from: tuple(tie('item'), option(tie('item'), { freq: 3 })).map(([a, b]) =>
        b === null ? a : `${a}, ${b}`,
      ),
      with: tuple(
        constantFrom('', 'RECURSIVE '),
        constantFrom('c1', 'c2', 'books'),
        query,
        option(tuple(constantFrom('c2', 'c1(id)'), oneof(query, tie('change')))),
      ).map(
        ([recursive, name, first, second]) =>
          `WITH ${recursive}${name} AS MATERIALIZED (${first})${second === null || second[0].startsWith(name) ? '' : `, ${second[0]} AS (${second[1]})`} `,
      ),
      tail: joined(
        ' ',
        maybe('ORDER BY', expression),
        maybe('LIMIT', constantFrom('1', '$2', '(SELECT 1 FROM books)')),
        option(
          constantFrom(
            'FOR UPDATE',
            'FOR NO KEY UPDATE OF books',
            'OFFSET 2 ROWS',
            'FETCH FIRST 2 ROWS ONLY',
          ),
          { freq: 8 },
        ),
      ),
      query: oneof(
        { depthSize: 'small', withCrossShrink: true },
        record({
          distinct: constantFrom('', 'DISTINCT ', 'DISTINCT ON (id) ', 'ALL '),
          list: tuple(tie('list'), constantFrom('', ' AS "from"', ' label', ', *')).map((p) =>
            p.join(''),
          ),
          from: maybe('FROM', tie('from')),
          where: maybe('WHERE', expression),
          group: maybe('GROUP BY', constantFrom('1', 'ROLLUP (1, 2)', 'GROUPING SETS ((1), ())')),
          having: maybe('HAVING', expression),
          gap: space,
        }).map((q) =>
          `SELECT ${q.distinct}${q.list}${q.gap}${q.from} ${q.where} ${q.group} ${q.having}`.trimEnd(),
        ),
        table.map((t) => `TABLE ${t}`),
        tie('list').map((l) => `VALUES (${l})`),
        tuple(query, constantFrom('UNION', 'UNION ALL', 'EXCEPT', 'INTERSECT'), query).map(
          ([a, s, b]) => `(${a}) ${s} (${b})`,
        ),
        tuple(query, tie('tail')).map(([q, t]) => `(${q}) ${t}`),
        tuple(tie('with'), query).map(([w, q]) => `${w}(${q})`),
      ),
      change: oneof(
        { depthSize: 'small', withCrossShrink: true },
        tuple(table, columns, query, returning).map(
          ([t, c, q, r]) => `INSERT INTO ${t} (${c}) (${q}) ${r}`,
        ),
        tuple(table, tie('list'), expression, returning).map(
          ([t, l, e, r]) =>
            `INSERT INTO ${t} AS i VALUES (${l}), (DEFAULT) ON CONFLICT (id) DO UPDATE SET title = ${e} WHERE ${e} ${r}`,
        ),
        tuple(
          table,
          expression,
          query,
          maybe('FROM', tie('from')),
          maybe('WHERE', expression),
          returning,
        ).map(
          ([t, e, q, f, w, r]) =>
            `UPDATE ${t} AS u SET title = ${e}, (id, "from") = (${q}) ${f} ${w} ${r}`,
        ),
        tuple(table, maybe('USING', tie('from')), maybe('WHERE', expression), returning).map(
          ([t, u, w, r]) => `DELETE FROM ONLY ${t} d ${u} ${w} ${r}`,
        ),
        tuple(table, tie('item'), expression, expression).map(
          ([t, i, e, v]) =>
            `MERGE INTO ${t} m USING ${i} ON ${e} WHEN MATCHED AND ${e} THEN UPDATE SET title = ${v} WHEN NOT MATCHED THEN INSERT (id) VALUES (${v})`,
        ),
      ),
      statement: oneof(
        query,
        query,
        tie('change'),
        tuple(tie('with'), tie('change')).map(([w, c]) => `${w}${c}`),
        tuple(tie('with'), query, tie('tail')).map(
          ([w, q, t]) => `${w}${q.startsWith('(') || q.startsWith('WITH') ? `(${q})` : q} ${t}`,
        ),
        tuple(query, nat(3)).map(([q, n]) => `${q}${' '.repeat(n)}`),
      ),
    }
  })
  return { statement }
}
