import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { createConnection, type RowDataPacket } from 'mysql2/promise'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { analyze } from '../../../src/query/sql/analyze.js'
import { readCatalogue, type CatalogueRow } from '../../../src/query/sql/catalogue/build.js'
import { CATALOGUE_SQL, sqliteCatalogueSql } from '../../../src/query/sql/catalogue/queries.js'
import { createResolver, type Resolver } from '../../../src/query/sql/catalogue/resolve.js'
import type { Dialect } from '../../../src/query/sql/types.js'
import { startMariadb, type MariadbServer } from '../../support/servers/mariadb.js'
import { startPostgres, type PostgresServer } from '../../support/servers/postgres.js'
import { describeWhere } from '../../support/where.js'

interface Statement {
  readonly id: string
  readonly dialect: Dialect
  readonly sql: string
  readonly reads: readonly string[]
  readonly writes: readonly string[]
  readonly cacheable: boolean
  readonly effects?: string
  readonly run: { readonly ok: boolean }
  readonly hidden?: { readonly reads?: readonly string[]; readonly writes?: readonly string[] }
}

interface Shared {
  readonly schemas: Readonly<Record<Dialect, string>>
  readonly statements: readonly Statement[]
}

const root = join(import.meta.dirname, '../../..')
const file = ['..', '../..']
  .map((up) => join(root, up, 'shared/sql/statements.json'))
  .find((path) => existsSync(path))
const shared = file === undefined ? undefined : (JSON.parse(readFileSync(file, 'utf8')) as Shared)

const of = (dialect: Dialect): readonly Statement[] =>
  (shared?.statements ?? []).filter((s) => s.dialect === dialect)

/** What the catalogue must add to the text, and must not. */
function check(statements: readonly Statement[], resolver: () => Resolver, home: string): void {
  const full = (name: string): string => (name.includes('.') ? name : `${home}.${name}`)

  test.each(statements.filter((s) => s.hidden).map((s) => [s.sql, s] as const))(
    'reaches what is hidden in %s',
    (_sql, statement) => {
      const resolved = resolver()(analyze(statement.sql, statement.dialect))
      const { reads = [], writes = [] } = statement.hidden ?? {}
      const everything = resolved.effects === 'unknown'
      const absent = (names: readonly string[], reached: readonly string[]): string[] =>
        names.map(full).filter((name) => !reached.includes(name))
      expect(absent(reads, resolved.reached.reads)).toEqual([])
      expect(everything ? [] : absent(writes, resolved.reached.writes)).toEqual([])
    },
  )

  test('finds every table of the statements that run, and keeps what may be kept', () => {
    for (const statement of statements.filter((s) => s.run.ok)) {
      const analysis = analyze(statement.sql, statement.dialect)
      const resolved = resolver()(analysis)
      expect({ sql: statement.sql, missing: resolved.missing }).toEqual({
        sql: statement.sql,
        missing: [],
      })
      // A view, a partition or a function may be a reason more, never one less.
      expect(resolved.cacheable && !analysis.cacheable && !statement.cacheable).toBe(false)
      for (const name of analysis.reads) {
        if (!analysis.refusals.some((r) => r.reason === 'catalogue'))
          expect(resolved.reached.reads.length, name).toBeGreaterThan(0)
      }
    }
  })
}

describeWhere(
  shared !== undefined,
  'statements.json is not beside the project',
  'PostgreSQL',
  () => {
    let server: PostgresServer
    let resolver: Resolver
    const load = async (): Promise<Resolver> => {
      const rows = (await server.query(CATALOGUE_SQL.postgres)) as unknown as CatalogueRow[]
      return createResolver(readCatalogue('postgres', rows), ['public'])
    }
    beforeAll(async () => {
      server = await startPostgres()
      await server.query(shared?.schemas.postgres ?? '')
      resolver = await load()
    })
    afterAll(() => server?.[Symbol.asyncDispose]())

    check(of('postgres'), () => resolver, 'public')

    const resolve = (sql: string) => resolver(analyze(sql, 'postgres'))

    test('a partition, its siblings and the table above are one table', () => {
      expect(resolve('SELECT * FROM events_2025').reads).toEqual(['public.events'])
      expect(resolve(`INSERT INTO events (day) VALUES ('2025-01-01')`)).toMatchObject({
        writes: ['public.events'],
        effects: 'known',
        reached: { writes: expect.arrayContaining(['public.events_2025', 'public.events_2026']) },
      })
    })

    test('names without a schema follow the search path', async () => {
      const rows = (await server.query(CATALOGUE_SQL.postgres)) as unknown as CatalogueRow[]
      const app = createResolver(readCatalogue('postgres', rows), ['app', 'public'])
      expect(app(analyze('SELECT * FROM users, orders', 'postgres')).reads.toSorted()).toEqual([
        'app.users',
        'public.orders',
      ])
      expect(app(analyze('SELECT * FROM nowhere', 'postgres'))).toMatchObject({
        missing: ['nowhere'],
        cacheable: false,
        effects: 'unknown',
      })
    })

    test('conditions hold for a table, not for a view or a table named twice', () => {
      const columns = (sql: string) =>
        resolve(sql).columns.map((c) => `${c.table}.${c.column}:${c.info.comparison.as}`)
      expect(columns('SELECT * FROM users WHERE id = $1')).toEqual(['public.users.id:integer'])
      expect(columns('SELECT * FROM users WHERE email = $1')).toEqual(['public.users.email:text'])
      expect(columns('SELECT * FROM active_users WHERE id = $1')).toEqual([])
      expect(columns('SELECT * FROM users u, public.users p WHERE u.id = $1')).toEqual([])
      expect(columns('SELECT * FROM users u, active_users a WHERE u.id = $1')).toEqual([])
      expect(columns('SELECT * FROM users WHERE nothing = $1')).toEqual([])
      expect(columns('SELECT *, user_orders(1) FROM users WHERE id = $1')).toEqual([])
    })

    test('a change says which rows, unless triggers or keys lead back', async () => {
      expect(resolve('UPDATE users SET name = $1 WHERE id = $2').change).toMatchObject({
        table: 'public.users',
        anyRow: false,
        where: [{ table: 'public.users', column: 'id', value: { param: 2 } }],
        assigned: [{ column: 'name', value: { param: 1 } }],
      })
      expect(resolve('INSERT INTO app.settings VALUES ($1, $2)').change?.rows).toEqual([
        [
          { column: 'key', value: { param: 1 } },
          { column: 'value', value: { param: 2 } },
        ],
      ])
      // Deleting a category deletes those below it.
      await server.query(
        'ALTER TABLE categories ADD FOREIGN KEY (parent_id) REFERENCES categories(id) ON DELETE CASCADE',
      )
      const later = await load()
      expect(
        later(analyze('DELETE FROM categories WHERE id = $1', 'postgres')).change,
      ).toMatchObject({ anyRow: true, where: [] })
      expect(
        later(analyze('UPDATE categories SET name = $1 WHERE id = $2', 'postgres')).change?.anyRow,
      ).toBe(false)
    })

    test('triggers, rules, defaults and checks are followed, or make the effects unknown', async () => {
      await server.query(
        `
      CREATE TABLE t1 (id int PRIMARY KEY, a text, b text);
      CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.a := lower(NEW.a); RETURN NEW; END';
      CREATE TRIGGER s BEFORE INSERT OR UPDATE ON t1 FOR EACH ROW EXECUTE FUNCTION stamp();
      CREATE TABLE t2 (id int PRIMARY KEY, a text);
      CREATE FUNCTION dynamic() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN EXECUTE ''DELETE FROM t1''; RETURN NULL; END';
      CREATE TRIGGER d AFTER DELETE ON t2 FOR EACH ROW EXECUTE FUNCTION dynamic();
      CREATE TABLE t3 (id int PRIMARY KEY, a int DEFAULT bump_stock(1), c int CHECK (user_count(c) > 0));
    `.replace(', c int CHECK (user_count(c) > 0)', ''),
      )
      await server.query(
        `CREATE TABLE t4 (id int PRIMARY KEY); CREATE RULE r AS ON DELETE TO t4 DO ALSO DELETE FROM t2`,
      )
      const later = await load()
      const effects = (sql: string) => later(analyze(sql, 'postgres'))
      expect(effects('INSERT INTO t1 (id) VALUES (1)')).toMatchObject({
        effects: 'known',
        writes: ['public.t1'],
        change: { anyRow: true },
      })
      expect(effects('UPDATE t1 SET b = 1 WHERE id = 1').change).toMatchObject({
        assigned: undefined,
        where: [{ column: 'id' }],
      })
      expect(effects('DELETE FROM t2 WHERE id = 1').effects).toBe('unknown')
      expect(effects('INSERT INTO t2 VALUES (1)').effects).toBe('known')
      expect(effects('INSERT INTO t3 (id) VALUES (1)').writes.toSorted()).toEqual([
        'public.products',
        'public.t3',
      ])
      expect(effects('DELETE FROM t4').effects).toBe('unknown')
    })

    test('functions are what their bodies say', async () => {
      await server.query(`
      CREATE FUNCTION dear(n numeric) RETURNS bigint LANGUAGE sql STABLE AS 'SELECT count(*) FROM products WHERE price > $1';
      CREATE FUNCTION dear_now(n numeric) RETURNS bigint LANGUAGE sql STABLE AS 'SELECT count(*) FROM orders WHERE created_at < now()';
      CREATE FUNCTION nested() RETURNS int LANGUAGE sql AS 'SELECT bump_stock(1)';
      CREATE FUNCTION label(orgs) RETURNS text LANGUAGE sql STABLE AS 'SELECT status FROM orders LIMIT 1';
      CREATE FUNCTION lower(bigint) RETURNS int LANGUAGE plpgsql AS 'BEGIN DELETE FROM archive; RETURN 1; END';
      CREATE PROCEDURE two_steps() LANGUAGE plpgsql AS 'BEGIN CALL close_order(1); TRUNCATE archive; END';
    `)
      const later = await load()
      const follow = (sql: string) => later(analyze(sql, 'postgres'))
      expect(follow('SELECT dear(5)')).toMatchObject({
        cacheable: true,
        effects: 'known',
        reads: ['public.products'],
      })
      expect(follow('SELECT dear_now(5)')).toMatchObject({ cacheable: false, effects: 'known' })
      expect(follow('SELECT nested()')).toMatchObject({
        cacheable: false,
        effects: 'known',
        writes: ['public.products'],
      })
      expect(follow('SELECT user_orders(1)')).toMatchObject({
        cacheable: false,
        effects: 'known',
        writes: [],
        reads: ['public.orders'],
      })
      // A name behind a dot that is a function of the row.
      expect(follow('SELECT o.label FROM orgs o')).toMatchObject({
        cacheable: true,
        reads: ['public.orgs', 'public.orders'],
      })
      // One that shares its name with one of PostgreSQL's own.
      expect(follow('SELECT lower(id) FROM users')).toMatchObject({
        cacheable: false,
        writes: ['public.archive'],
      })
      expect(follow('CALL two_steps()')).toMatchObject({
        effects: 'known',
        writes: expect.arrayContaining(['public.archive', 'public.orders', 'public.audit_log']),
      })
      expect(follow('CALL nobody()')).toMatchObject({ effects: 'unknown', missing: ['nobody'] })
      await server.query('DROP FUNCTION lower(bigint)')
    })

    test('views that ask for the time, foreign tables, sequences and policies are not kept', async () => {
      await server.query(`
      CREATE VIEW recent AS SELECT * FROM orders WHERE created_at > now() - interval '1 day';
      CREATE VIEW over_recent AS SELECT * FROM recent;
      CREATE VIEW plain AS SELECT u.id, o.total FROM users u JOIN orders o ON o.user_id = u.id;
      CREATE TABLE secret (id int PRIMARY KEY, owner text);
      ALTER TABLE secret ENABLE ROW LEVEL SECURITY;
      CREATE POLICY p ON secret USING (owner = current_user AND EXISTS (SELECT 1 FROM orgs));
      CREATE EXTENSION IF NOT EXISTS file_fdw;
      CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
      CREATE FOREIGN TABLE elsewhere (a text) SERVER files OPTIONS (filename '/dev/null');
      CREATE TYPE mood AS ENUM ('sad', 'ok');
      CREATE DOMAIN positive AS int CHECK (VALUE > 0);
      CREATE DOMAIN code AS text;
    `)
      const later = await load()
      const follow = (sql: string) => later(analyze(sql, 'postgres'))
      expect(follow('SELECT * FROM over_recent')).toMatchObject({
        cacheable: false,
        why: 'time',
        reads: ['public.orders'],
      })
      expect(follow('SELECT * FROM plain')).toMatchObject({
        cacheable: true,
        reads: ['public.users', 'public.orders'],
      })
      expect(follow('UPDATE plain SET total = 1')).toMatchObject({
        writes: expect.arrayContaining(['public.orders', 'public.users', 'public.audit_log']),
      })
      expect(follow('SELECT * FROM secret')).toMatchObject({
        cacheable: false,
        why: 'session',
        rowSecurity: true,
        reads: ['public.secret', 'public.orgs'],
      })
      expect(follow('SELECT * FROM elsewhere')).toMatchObject({ cacheable: false, why: 'foreign' })
      expect(follow('SELECT last_value FROM ticket_seq')).toMatchObject({
        cacheable: false,
        why: 'volatile',
      })
      expect(follow(`SELECT 'sad'::mood, $1::code, "mood" 'ok'`)).toMatchObject({ cacheable: true })
      expect(follow(`SELECT 1::positive`)).toMatchObject({ cacheable: false, why: 'type' })
    })
  },
)

describeWhere(shared !== undefined, 'statements.json is not beside the project', 'MariaDB', () => {
  let server: MariadbServer
  let resolver: Resolver
  const load = async (): Promise<Resolver> => {
    const connection = await createConnection({ uri: server.url })
    const [rows] = await connection.query<RowDataPacket[]>(CATALOGUE_SQL.mysql)
    await connection.end()
    return createResolver(readCatalogue('mysql', rows as CatalogueRow[]), ['test'])
  }
  beforeAll(async () => {
    server = await startMariadb()
    for (const sql of statementsOf(shared?.schemas.mysql ?? '')) await server.query(sql)
    resolver = await load()
  })
  afterAll(() => server?.[Symbol.asyncDispose]())

  check(of('mysql'), () => resolver, 'test')

  test('triggers, views and routines are followed', async () => {
    await server.query(
      'CREATE TABLE mixed (id int PRIMARY KEY, Code varchar(10) COLLATE utf8mb4_bin, n varchar(10) COLLATE utf8mb4_general_ci)',
    )
    await server.query(
      'CREATE TRIGGER b BEFORE INSERT ON mixed FOR EACH ROW SET NEW.n = UPPER(NEW.n)',
    )
    await server.query(
      'CREATE TRIGGER a AFTER DELETE ON mixed FOR EACH ROW BEGIN IF OLD.id > 1 THEN UPDATE orgs o JOIN products p ON p.id = o.id SET p.stock = 1; END IF; END',
    )
    await server.query('CREATE VIEW late AS SELECT * FROM orders WHERE created_at > NOW()')
    await server.query(
      "CREATE PROCEDURE dyn() BEGIN PREPARE s FROM 'DELETE FROM orgs'; EXECUTE s; END",
    )
    await server.query('CREATE TABLE hours (id int, opens time)')
    const later = await load()
    const follow = (sql: string) => later(analyze(sql, 'mysql'))
    expect(follow('SELECT CAST(opens AS DATETIME) FROM hours')).toMatchObject({
      cacheable: false,
      why: 'time',
    })
    expect(follow('SELECT opens FROM hours').cacheable).toBe(true)
    expect(follow('SELECT DATE(created_at) FROM orders').cacheable).toBe(true)
    expect(follow('INSERT INTO mixed VALUES (1, "a", "b")').change?.anyRow).toBe(true)
    expect(follow('DELETE FROM mixed WHERE id = ?')).toMatchObject({
      effects: 'known',
      writes: expect.arrayContaining(['test.mixed', 'test.products']),
    })
    expect(follow('SELECT * FROM late')).toMatchObject({ cacheable: false, why: 'time' })
    expect(follow('CALL dyn()').effects).toBe('unknown')
    expect(follow('SELECT * FROM MIXED').reads).toEqual(['test.mixed'])
    const kinds = follow('SELECT * FROM mixed WHERE id = ? AND code = ? AND N = ?').columns.map(
      (c) => c.info.comparison.as,
    )
    expect(kinds).toEqual(['integer', 'text', 'folded'])
    expect(follow('SELECT * FROM test.users, app.users').reads).toEqual(['test.users', 'app.users'])
    expect(follow('INSERT INTO users (id, name) VALUES (0, ?)').change?.rows).toEqual([
      [{ column: 'id' }, { column: 'name', value: { param: 1 } }],
    ])
  })
})

describeWhere(shared !== undefined, 'statements.json is not beside the project', 'SQLite', () => {
  const database = new DatabaseSync(':memory:')
  const load = (): Resolver => {
    const rows = ['temp', 'main', 'aux1'].flatMap((schema) =>
      database.prepare(sqliteCatalogueSql(schema)).all(),
    )
    return createResolver(readCatalogue('sqlite', rows as unknown as CatalogueRow[]), [
      'temp',
      'main',
      'aux1',
    ])
  }
  let resolver: Resolver
  beforeAll(() => {
    database.exec(shared?.schemas.sqlite ?? '')
    resolver = load()
  })
  afterAll(() => database.close())

  check(of('sqlite'), () => resolver, 'main')

  test('triggers, views, indexes over other tables and functions of the application are followed', () => {
    database.exec(`
      CREATE TABLE "before" (id INTEGER PRIMARY KEY, "on" TEXT, c TEXT COLLATE NOCASE);
      CREATE TRIGGER [update] AFTER INSERT ON "before" WHEN new."on" <> 'begin' BEGIN UPDATE orgs SET name = (SELECT max(sku) FROM products) WHERE id = new.id; SELECT CASE WHEN 1 THEN RAISE(IGNORE) END; END;
      CREATE VIEW old AS SELECT * FROM orders WHERE created_at < date('now');
      CREATE VIRTUAL TABLE words USING fts5(name, content='products', content_rowid='id');
      CREATE TEMP VIEW short AS SELECT id FROM users;
    `)
    database.function('upper', (value) => String(value))
    database.function('twice', { deterministic: true }, (value) => Number(value) * 2)
    const later = load()
    const follow = (sql: string) => later(analyze(sql, 'sqlite'))
    expect(follow('INSERT INTO "before" VALUES (1, 2, 3)')).toMatchObject({
      effects: 'known',
      writes: ['main.before', 'main.orgs'],
    })
    expect(follow('SELECT * FROM old')).toMatchObject({ cacheable: false, why: 'time' })
    expect(follow('SELECT * FROM words').reads).toEqual(['main.words', 'main.products'])
    expect(follow('SELECT * FROM notes')).toMatchObject({ cacheable: true, reads: ['main.notes'] })
    expect(follow('SELECT * FROM notes_data')).toMatchObject({ cacheable: false, why: 'foreign' })
    expect(follow('SELECT * FROM short').reads).toEqual(['main.users'])
    expect(follow('SELECT * FROM scratch')).toMatchObject({ cacheable: false, why: 'session' })
    expect(follow('SELECT upper(name) FROM orgs')).toMatchObject({
      cacheable: false,
      why: 'function',
    })
    expect(follow('SELECT lower(name) FROM orgs').cacheable).toBe(true)
    expect(follow('SELECT twice(id) FROM orgs')).toMatchObject({
      cacheable: true,
      effects: 'known',
    })
    expect(follow('REPLACE INTO users (id) VALUES (1)').writes).toEqual(
      expect.arrayContaining(['main.users', 'main.orders', 'main.order_items']),
    )
    expect(follow('UPDATE users SET rowid = 5 WHERE id = 1').change?.assigned).toBeUndefined()
    const kinds = follow('SELECT * FROM "before" WHERE id = ? AND "on" = ? AND c = ?').columns.map(
      (c) => c.info.comparison.as,
    )
    expect(kinds).toEqual(['integer', 'none', 'none'])
  })
})

/** Statements of a script whose bodies have semicolons too: a line ends each. */
function statementsOf(script: string): string[] {
  return script
    .split(/;\n/)
    .map((sql) => sql.trim())
    .filter((sql) => sql !== '')
}
