import { DatabaseSync } from 'node:sqlite'
import {
  analyze,
  CATALOGUE_SQL,
  createResolver,
  readCatalogue,
  type CatalogueRow,
  type Dialect,
} from '../../src/query/sql/index.js'
import { timesOfSteps } from '../lib/loops.js'
import type { Scenario } from '../lib/scenario.js'

const TEXTS: Readonly<Record<string, readonly [Dialect, string]>> = {
  'by key, 40 characters': ['postgres', 'SELECT id, name FROM users WHERE id = $1'],
  'ORM join, 300 characters': [
    'postgres',
    `select "b"."id" as "id", "b"."title" as "title", "b"."year" as "year" from "books" as "b" inner join "copies" as "c" on "c"."book_id" = "b"."id" left join "authors" as "a" on "a"."id" = "b"."author_id" where ("b"."year" > $1 and "c"."shelf" = $2 and lower("a"."name") like $3) order by "b"."id" asc limit $4`,
  ],
  'report, 900 characters': [
    'mysql',
    `WITH sales AS (SELECT o.user_id, SUM(i.qty * i.price) AS total, COUNT(DISTINCT o.id) AS orders FROM orders o JOIN order_items i ON i.order_id = o.id WHERE o.status IN ('paid', 'sent') AND o.created_at >= ? AND o.created_at < ? GROUP BY o.user_id), best AS (SELECT user_id, total, orders, RANK() OVER (ORDER BY total DESC) AS place FROM sales) SELECT u.id, u.name, u.email, b.total, b.orders, b.place, (SELECT MAX(created_at) FROM orders WHERE orders.user_id = u.id) AS last_order, CASE WHEN b.total > 1000 THEN 'gold' WHEN b.total > 100 THEN 'silver' ELSE 'plain' END AS class, COALESCE(g.name, 'none') AS org FROM users u JOIN best b ON b.user_id = u.id LEFT JOIN orgs g ON g.id = u.org_id WHERE b.place <= ? AND u.active = 1 AND EXISTS (SELECT 1 FROM logins l WHERE l.user_id = u.id) ORDER BY b.place, u.name LIMIT ? OFFSET ?`,
  ],
  'insert of 100 rows, 2,400 characters': [
    'sqlite',
    `INSERT INTO books (id, title, year) VALUES ${Array.from({ length: 100 }, (_, i) => `(${i}, 'title ${i}', ?)`).join(', ')}`,
  ],
}

export const sqlAnalysis: Scenario = {
  kind: 'other',
  name: 'sql-analysis',
  byName: true,
  asks: 'What does it cost to read the text of a query, and to follow it through a catalogue?',
  async run({ isQuick }) {
    const looking = isQuick ? { rounds: 1, roundMs: 1 } : { rounds: 15, roundMs: 20 }
    const measured = (...steps: readonly (() => unknown)[]): Promise<string[]> =>
      timesOfSteps(steps, looking)
    let i = 0
    const rows = []
    for (const [name, [dialect, sql]] of Object.entries(TEXTS)) {
      const cells = await measured(
        // A number more each time makes a text that was not seen before.
        () => analyze(`${sql} -- ${i++}\nLIMIT ${i}`, dialect),
        () => analyze(sql, dialect),
        () => analyze(`${sql} /*traceparent='00-${i++}'*/`, dialect),
      )
      rows.push({ name, cells, plotted: undefined })
    }
    const described = catalogueRows()
    const catalogue = readCatalogue('sqlite', described)
    const read = analyze('SELECT v.a FROM v7 v JOIN t9 ON t9.id = v.id WHERE t9.id = ?', 'sqlite')
    const deletion = analyze('DELETE FROM t190 WHERE id = ?', 'sqlite')
    const once = createResolver(catalogue, ['main'])
    const cells = await measured(
      () => readCatalogue('sqlite', described),
      () => createResolver(catalogue, ['main'])(read),
      () => createResolver(catalogue, ['main'])(deletion),
      () => once(read),
    )
    const steps = [
      'reading the catalogue from its rows',
      'a resolver, and one read through it',
      'a resolver, and a delete that cascades through ten tables',
      'a known analysis',
    ]
    return {
      columns: ['new', 'known', 'known, with a new trace comment'],
      rows,
      plots: 'CPU time',
      verdicts: [],
      parts: [
        {
          title: 'Through a catalogue of 200 tables and 200 views',
          columns: ['CPU time'],
          rows: steps.map((name, at) => ({ name, cells: [cells[at]!] })),
        },
      ],
      claims: [
        {
          claim: 'a known text is the same analysis',
          holds: analyze(...KNOWN) === analyze(...KNOWN),
        },
      ],
      data: { texts: rows, catalogue: cells },
    }
  },
}

const KNOWN = ['SELECT 1 FROM t1 WHERE id = ?', 'sqlite'] as const

function catalogueRows(): CatalogueRow[] {
  const database = new DatabaseSync(':memory:')
  for (let i = 0; i < 200; i++) {
    const parent = i > 0 ? ` REFERENCES t${i - 1}(id) ON DELETE CASCADE` : ''
    database.exec(
      `CREATE TABLE t${i} (id INTEGER PRIMARY KEY, a TEXT, parent INTEGER${parent}); CREATE VIEW v${i} AS SELECT * FROM t${i}`,
    )
  }
  return database.prepare(CATALOGUE_SQL.sqlite).all() as unknown as CatalogueRow[]
}
