import { describe, expect, test } from 'vitest'
import { analyze, dependsOnNow, type Dialect } from '../../../src/query/sql/index.js'
import { isMoment } from '../../../src/query/sql/moments.js'

describe('the memory of analyses', () => {
  test('answers the same object for the same text', () => {
    expect(analyze('SELECT 1 FROM a', 'postgres')).toBe(analyze('SELECT 1 FROM a', 'postgres'))
    expect(analyze('SELECT 1 FROM a', 'sqlite')).not.toBe(analyze('SELECT 1 FROM a', 'postgres'))
  })

  test('takes texts that differ in comments at the end for one', () => {
    const plain = analyze('SELECT id FROM t1 WHERE id = $1', 'postgres')
    expect(
      analyze(`SELECT id FROM t1 WHERE id = $1 /*traceparent='00-1',route='%2Fa'*/`, 'postgres'),
    ).toBe(plain)
    expect(analyze('SELECT id FROM t1 WHERE id = $1\n-- trace 1\n', 'postgres').text).toBe(
      plain.text,
    )
    expect(plain.text).toBe('SELECT id FROM t1 WHERE id = $1')
  })

  test('leaves comments that mean something and strings that look like one', () => {
    analyze('SELECT id FROM t2', 'mysql')
    expect(analyze('SELECT id FROM t2 /*! , t3 */', 'mysql').reads).toEqual(['t2', 't3'])
    expect(analyze('SELECT id FROM t2 /*!50000 , t3 */', 'mysql').reads).toEqual(['t2', 't3'])
    expect(analyze('SELECT id FROM t2 /*M! , t3 */', 'mysql').reads).toEqual(['t2', 't3'])
    const one = analyze(`SELECT '/*' FROM t2 -- */`, 'postgres')
    const two = analyze(`SELECT '/*' FROM t4 -- */`, 'postgres')
    expect([one.text, two.text]).toEqual([`SELECT '/*' FROM t2`, `SELECT '/*' FROM t4`])
    // White space that a server takes for a part of a name is kept.
    expect(analyze('SELECT id FROM t2\u00a0/* x */', 'mysql').reads).toEqual(['t2\u00a0'])
  })

  test('keeps analyses from being changed', () => {
    const analysis = analyze('SELECT id FROM t5', 'postgres')
    expect(() => (analysis.reads as string[]).push('x')).toThrow(TypeError)
    expect(() => Object.assign(analysis, { cacheable: false })).toThrow(TypeError)
  })
})

describe('names', () => {
  const long = 'x'.repeat(70)
  const cases: readonly (readonly [Dialect, string, readonly string[]])[] = [
    ['postgres', 'SELECT * FROM Users, "Users", USERS', ['users', 'Users']],
    ['postgres', 'SELECT * FROM ÉCOLE', ['École']],
    ['postgres', `SELECT * FROM ${long}`, ['x'.repeat(63)]],
    ['postgres', `SELECT * FROM "${'é'.repeat(40)}"`, ['é'.repeat(31)]],
    ['postgres', 'SELECT * FROM "a""b"', ['a"b']],
    ['postgres', 'SELECT * FROM shop.public.users', ['public.users']],
    ['mysql', 'SELECT * FROM Users, `users`, Users', ['Users', 'users']],
    ['mysql', 'SELECT * FROM `a``b`', ['a`b']],
    ['mysql', 'SELECT * FROM "users"', ['users']],
    ['sqlite', 'SELECT * FROM Users, "USERS", [uSers]', ['users']],
    ['sqlite', `SELECT * FROM 'Users'`, ['users']],
    ['sqlite', 'SELECT * FROM ÉCOLE', ['École']],
  ]

  test.each(cases)('%s: %s', (dialect, sql, reads) => {
    expect(analyze(sql, dialect).reads).toEqual(reads)
  })
})

describe('parameters', () => {
  test('are counted as the client counts them', () => {
    expect(analyze('SELECT $2, $1 FROM t', 'postgres').params).toMatchObject({
      style: 'dollar',
      count: 2,
    })
    expect(analyze("SELECT ?, '?' FROM t WHERE a = ?", 'mysql').params).toMatchObject({
      style: 'question',
      count: 2,
      doubtful: true,
    })
    expect(analyze('SELECT ?, ?5, ? FROM t', 'sqlite').params).toMatchObject({ count: 6 })
    expect(analyze('SELECT :a, @b, $c, :a FROM t', 'sqlite').params).toMatchObject({
      style: 'named',
      names: ['a', 'b', 'c'],
      count: 3,
    })
    expect(analyze('SELECT 1 FROM t WHERE data ? 1', 'postgres').params.style).toBe('none')
  })

  test('may say now', () => {
    const dates = analyze('SELECT * FROM t WHERE at > $1', 'postgres')
    expect(dates.cacheable).toBe(true)
    expect(dependsOnNow(dates, ['2024-01-01'])).toBe(false)
    for (const now of [
      'now',
      ' NOW ',
      'today 10:00',
      'tomorrow',
      'yesterday 04:05 PST',
      '{now,2024-01-01}',
      '[today,)',
    ]) {
      expect(dependsOnNow(dates, [1, now])).toBe(true)
      expect(dependsOnNow(dates, [[now]])).toBe(true)
      expect(dependsOnNow(dates, [Buffer.from(now)])).toBe(true)
    }
    expect(dependsOnNow(dates, [null, undefined, 1n, new Date(0), 'knows', 'x'.repeat(1000)])).toBe(
      false,
    )
    expect(dependsOnNow(analyze('SELECT 1 FROM t', 'postgres'), ['now'])).toBe(false)
    expect(dependsOnNow(analyze('SELECT * FROM t WHERE a = ?', 'sqlite'), ['now'])).toBe(false)
    expect(dependsOnNow(analyze('SELECT date(?) FROM t', 'sqlite'), ['now'])).toBe(true)
    expect(dependsOnNow(analyze('SELECT * FROM t WHERE a = ?', 'mysql'), ['now'])).toBe(false)
  })

  test.each([
    ['now', true],
    ['2024-01-01', false],
    ['known', false],
    ['what to do when now is not a time but prose', false],
    ['now playing', true],
  ])('%s as a moment: %s', (text, expected) => {
    expect(isMoment(text)).toBe(expected)
  })
})

describe('transactions', () => {
  test.each([
    ['postgres', 'BEGIN', { action: 'begin', chain: false }],
    ['postgres', 'begin work isolation level serializable', { action: 'begin', chain: false }],
    ['postgres', 'END', { action: 'commit', chain: false }],
    ['postgres', 'ABORT', { action: 'rollback', chain: false }],
    ['postgres', 'COMMIT AND CHAIN', { action: 'commit', chain: true }],
    ['postgres', 'ROLLBACK AND NO CHAIN', { action: 'rollback', chain: false }],
    ['postgres', 'SAVEPOINT Sp1', { action: 'savepoint', name: 'sp1', chain: false }],
    ['postgres', 'RELEASE SAVEPOINT "Sp1"', { action: 'release', name: 'Sp1', chain: false }],
    [
      'postgres',
      'ROLLBACK TRANSACTION TO sp1',
      { action: 'rollback-to', name: 'sp1', chain: false },
    ],
    ['postgres', `PREPARE TRANSACTION 'p'`, { action: 'prepare', name: 'p', chain: false }],
    ['postgres', `COMMIT PREPARED 'p'`, { action: 'commit-prepared', name: 'p', chain: false }],
    ['mysql', 'START TRANSACTION READ ONLY', { action: 'begin', chain: false }],
    ['mysql', 'COMMIT WORK AND CHAIN NO RELEASE', { action: 'commit', chain: true }],
    ['mysql', 'ROLLBACK TO SAVEPOINT a', { action: 'rollback-to', name: 'a', chain: false }],
    ['mysql', `XA START 'x'`, { action: 'begin', chain: false }],
    ['sqlite', 'BEGIN EXCLUSIVE', { action: 'begin', chain: false }],
    ['sqlite', 'END TRANSACTION', { action: 'commit', chain: false }],
    [
      'sqlite',
      'ROLLBACK TRANSACTION TO SAVEPOINT a',
      { action: 'rollback-to', name: 'a', chain: false },
    ],
  ] as const)('%s: %s', (dialect, sql, step) => {
    expect(analyze(sql, dialect)).toMatchObject({ kind: 'tx', step, cacheable: false })
  })

  test('are told apart in a text of several statements', () => {
    const { parts, kind, statements } = analyze('BEGIN; UPDATE a SET b = 1; COMMIT', 'postgres')
    expect([kind, statements]).toEqual(['write', 3])
    expect(parts.map((part) => part.step?.action)).toEqual(['begin', undefined, 'commit'])
    expect(parts[1]?.writes).toEqual(['a'])
  })

  test('a block of statements is no transaction', () => {
    expect(analyze('BEGIN NOT ATOMIC DELETE FROM a; END', 'mysql').effects).toBe('unknown')
  })
})

test('a text of comments does nothing', () => {
  for (const sql of ['', ' ', '-- x', ';;', '/* x */']) {
    expect(analyze(sql, 'postgres')).toMatchObject({
      kind: 'session',
      effects: 'known',
      cacheable: false,
    })
  }
})

test('a zero byte, at which some protocols end a text, is not read', () => {
  expect(analyze('SELECT 1\0FROM a', 'postgres').why).toBe('syntax')
})

test('temporary tables are said', () => {
  expect(analyze('CREATE TEMP TABLE t AS SELECT 1', 'postgres').temporary).toBe(true)
  expect(analyze('SELECT 1 INTO TEMPORARY t', 'postgres').temporary).toBe(true)
  expect(analyze('SELECT * FROM pg_temp.t', 'postgres')).toMatchObject({
    temporary: true,
    cacheable: false,
  })
  expect(analyze('SELECT * FROM temp.t', 'sqlite').temporary).toBe(true)
  expect(analyze('CREATE TEMPORARY TABLE t (a int)', 'mysql').temporary).toBe(true)
  expect(analyze('CREATE TABLE t (a int)', 'mysql').temporary).toBe(false)
})

describe('what is left behind in the connection', () => {
  test.each<readonly [Dialect, string, string]>([
    ['postgres', 'SELECT 1 FROM a', 'same'],
    ['postgres', 'UPDATE a SET b = 1', 'same'],
    ['postgres', 'SET search_path = a', 'changed'],
    ['postgres', 'SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY', 'changed'],
    ['postgres', 'SET LOCAL role = a', 'transaction'],
    ['postgres', 'SET TRANSACTION ISOLATION LEVEL SERIALIZABLE', 'transaction'],
    ['postgres', 'SELECT set_config($1, $2, true)', 'transaction'],
    ['postgres', 'SELECT set_config($1, $2, $3)', 'changed'],
    ['postgres', 'RESET ALL', 'changed'],
    ['postgres', 'DISCARD ALL', 'reset'],
    ['postgres', 'CREATE TEMP TABLE t (a int)', 'changed'],
    ['postgres', 'SELECT 1 FROM a b c d', 'changed'],
    ['postgres', 'NOTIFY a', 'same'],
    ['postgres', 'BEGIN; SET LOCAL role = a; SELECT 1; COMMIT', 'transaction'],
    ['mysql', 'SET NAMES utf8mb4', 'changed'],
    ['mysql', 'SET TRANSACTION READ ONLY', 'transaction'],
    ['mysql', 'SET STATEMENT max_statement_time = 1 FOR SELECT 1', 'same'],
    ['mysql', 'SELECT @a := 1', 'changed'],
    ['mysql', 'SELECT a INTO @b FROM c', 'changed'],
    ['mysql', 'USE a', 'changed'],
    ['mysql', 'SHOW TABLES', 'same'],
    ['sqlite', 'PRAGMA table_info(a)', 'same'],
    ['sqlite', 'PRAGMA user_version', 'same'],
    ['sqlite', 'PRAGMA case_sensitive_like = 1', 'changed'],
    ['sqlite', 'ATTACH $1 AS b', 'changed'],
  ])('%s: %s: %s', (dialect, sql, session) => {
    expect(analyze(sql, dialect).session).toBe(session)
  })
})

test('where a row lies and who locks it is not kept', () => {
  for (const column of ['ctid', 't.ctid', 'xmax', 't.cmin', '"cmax"']) {
    expect(analyze(`SELECT ${column} FROM t`, 'postgres')).toMatchObject({
      cacheable: false,
      why: 'volatile',
    })
  }
  expect(analyze('SELECT xmin, tableoid FROM t', 'postgres').cacheable).toBe(true)
})

test('after a type or a column called `is`, DISTINCT is a label and FROM begins the tables', () => {
  for (const value of ['a::is', 't.is']) {
    const { why, reads } = analyze(`SELECT ${value} DISTINCT FROM books`, 'postgres')
    expect(why === 'syntax' || reads.includes('books')).toBe(true)
  }
  const { why, reads } = analyze('SELECT t.a IS NOT DISTINCT FROM b FROM t', 'postgres')
  expect({ why, reads }).toEqual({ why: undefined, reads: ['t'] })
})
