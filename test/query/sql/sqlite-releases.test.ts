import { DatabaseSync } from 'node:sqlite'
import BetterSqlite3 from 'better-sqlite3'
import { expect, test } from 'vitest'
import { analyze } from '../../../src/query/sql/analyze.js'
import { readCatalogue, type CatalogueRow } from '../../../src/query/sql/catalogue/build.js'
import { CATALOGUE_SQL } from '../../../src/query/sql/catalogue/queries.js'
import { createResolver } from '../../../src/query/sql/catalogue/resolve.js'

/** Two releases of SQLite: Node's own and that of better-sqlite3. */
const RELEASES = {
  'node:sqlite': () => new DatabaseSync(':memory:'),
  'better-sqlite3': () => new BetterSqlite3(':memory:'),
}

test.each(Object.entries(RELEASES))('%s tells the same of itself', (_name, open) => {
  const database = open()
  database.exec(`
    CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT);
    CREATE TABLE child (id INTEGER PRIMARY KEY, item REFERENCES item(id) ON DELETE CASCADE);
    CREATE TABLE gone (a);
    CREATE VIEW broken AS SELECT a FROM gone;
    CREATE VIEW sound AS SELECT name FROM item;
    CREATE VIRTUAL TABLE words USING fts5(text);
    DROP TABLE gone`)
  const rows = database.prepare(CATALOGUE_SQL.sqlite).all() as unknown as CatalogueRow[]
  const catalogue = readCatalogue('sqlite', rows)
  const resolve = createResolver(catalogue, ['main'])
  expect(catalogue.relations.get('main.item')?.primaryKey).toEqual(['id'])
  expect(resolve(analyze('DELETE FROM item WHERE id = 3', 'sqlite')).writes).toEqual([
    'main.item',
    'main.child',
  ])
  expect(resolve(analyze('SELECT * FROM sound', 'sqlite'))).toMatchObject({
    cacheable: true,
    reads: ['main.item'],
  })
  expect(resolve(analyze('SELECT * FROM broken', 'sqlite')).cacheable).toBe(false)
  expect(resolve(analyze("SELECT * FROM words WHERE words MATCH 'a'", 'sqlite'))).toMatchObject({
    cacheable: true,
    reads: ['main.words'],
  })
  database.close()
})
