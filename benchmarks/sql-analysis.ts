/**
 * What reading a text costs: a new one, a known one, and a known one with a trace comment that is new each time; and what following it
 * through a catalogue of 200 tables costs.
 *
 * Run: `npm run bench -- sql-analysis`.
 */
import { DatabaseSync } from 'node:sqlite'
import { bench, do_not_optimize, group, run, summary } from 'mitata'
import {
  analyze,
  CATALOGUE_SQL,
  createResolver,
  readCatalogue,
  type CatalogueRow,
  type Dialect,
} from '../src/query/sql/index.js'

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

for (const [name, [dialect, sql]] of Object.entries(TEXTS)) {
  let i = 0
  summary(() => {
    group(name, () => {
      // A space more each time makes a text that was not seen before.
      bench('new', () => do_not_optimize(analyze(`${sql} -- ${i++}\nLIMIT ${i}`, dialect)))
      bench('known', () => do_not_optimize(analyze(sql, dialect)))
      bench('known, new trace comment', () =>
        do_not_optimize(analyze(`${sql} /*traceparent='00-${i++}'*/`, dialect)),
      )
    })
  })
}

const database = new DatabaseSync(':memory:')
for (let i = 0; i < 200; i++) {
  const parent = i > 0 ? ` REFERENCES t${i - 1}(id) ON DELETE CASCADE` : ''
  database.exec(
    `CREATE TABLE t${i} (id INTEGER PRIMARY KEY, a TEXT, parent INTEGER${parent}); CREATE VIEW v${i} AS SELECT * FROM t${i}`,
  )
}
const rows = database.prepare(CATALOGUE_SQL.sqlite).all() as unknown as CatalogueRow[]
const catalogue = readCatalogue('sqlite', rows)
const known = analyze('SELECT v.a FROM v7 v JOIN t9 ON t9.id = v.id WHERE t9.id = ?', 'sqlite')
const deletion = analyze('DELETE FROM t190 WHERE id = ?', 'sqlite')
const once = createResolver(catalogue, ['main'])

group('through a catalogue of 200 tables and 200 views', () => {
  bench('reading the catalogue from its rows', () => do_not_optimize(readCatalogue('sqlite', rows)))
  bench('a resolver, and one read through it', () =>
    do_not_optimize(createResolver(catalogue, ['main'])(known)),
  )
  bench('a resolver, and a delete that cascades through ten tables', () =>
    do_not_optimize(createResolver(catalogue, ['main'])(deletion)),
  )
  bench('a known analysis', () => do_not_optimize(once(known)))
})

await run()
