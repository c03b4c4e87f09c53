import type { Dialect } from './types.js'

function words(...lists: readonly string[]): ReadonlySet<string> {
  return new Set(lists.join(' ').trim().split(/\s+/))
}

type PerDialect<T> = Readonly<Record<Dialect, T>>

/** Words with which a part of a query begins: an expression at the same level ends there. */
const CLAUSES =
  'FROM WHERE GROUP HAVING ORDER LIMIT UNION INTERSECT EXCEPT INTO WINDOW ON RETURNING'

const LATER: PerDialect<string> = {
  postgres: 'OFFSET FETCH FOR',
  mysql: 'FETCH FOR LOCK PROCEDURE',
  sqlite: '',
}

const JOINS = 'JOIN NATURAL LEFT RIGHT FULL INNER CROSS ON USING'

function perDialect(list: string): PerDialect<ReadonlySet<string>> {
  return {
    postgres: words(list, LATER.postgres),
    mysql: words(list, LATER.mysql),
    sqlite: words(list, LATER.sqlite),
  }
}

/** Where a list of expressions in a query ends. */
export const CLAUSE_ENDS: PerDialect<ReadonlySet<string>> = perDialect(CLAUSES)

/** Where the condition of a join ends. */
export const JOIN_ENDS: PerDialect<ReadonlySet<string>> = perDialect(
  `${CLAUSES} ${JOINS} , SET STRAIGHT_JOIN WHEN`,
)

/** Where the assignments of a SET end. */
export const SET_ENDS: PerDialect<ReadonlySet<string>> = perDialect(`${CLAUSES} WHEN`)

/** Inside brackets nothing but the closing one ends anything. */
export const NO_ENDS: ReadonlySet<string> = new Set()

/** Words that may follow a table, and so are not its alias. */
export const NOT_ALIAS: PerDialect<ReadonlySet<string>> = {
  postgres: words(
    CLAUSES,
    JOINS,
    LATER.postgres,
    'TABLESAMPLE WITH SET WHEN SELECT DO LATERAL ONLY OUTER DEFAULT AS',
  ),
  mysql: words(
    CLAUSES,
    JOINS,
    LATER.mysql,
    'USE FORCE IGNORE STRAIGHT_JOIN PARTITION SET SELECT LATERAL OUTER VALUES VALUE OFFSET AS WITH TABLE REPLACE',
  ),
  sqlite: words(CLAUSES, JOINS, 'INDEXED NOT SET SELECT VALUES DEFAULT OUTER AS'),
}

/** Words that begin a query, behind an opening bracket or at the start. */
export const QUERY_STARTS: PerDialect<ReadonlySet<string>> = {
  postgres: words('SELECT WITH VALUES TABLE'),
  mysql: words('SELECT WITH VALUES TABLE'),
  sqlite: words('SELECT WITH VALUES'),
}

/** Words with which a query goes on behind one in brackets. */
export const QUERY_GOES_ON: ReadonlySet<string> = words(
  'UNION INTERSECT EXCEPT ORDER LIMIT OFFSET FETCH FOR LOCK',
)

/** Words that have no place inside an expression: meeting one means that we lost our way. */
export const MISPLACED: ReadonlySet<string> = words(
  'SELECT FROM WHERE INTO UNION INTERSECT EXCEPT HAVING JOIN',
)

const NO_CALLS =
  'IN AND OR NOT EXISTS ANY ALL SOME WHEN THEN ELSE CASE BETWEEN LIKE IS ON USING DISTINCT AS SELECT VALUES RETURNING'

/** Words before a bracket that make no call of it. What only some places allow (`OVER`, `CUBE`) is decided there. */
export const BEFORE_BRACKET: PerDialect<ReadonlySet<string>> = {
  postgres: words(NO_CALLS, 'ARRAY ROW ILIKE TO VARIADIC SYMMETRIC ASYMMETRIC ONLY'),
  mysql: words(
    NO_CALLS,
    'ROW RLIKE REGEXP XOR DIV BINARY AGAINST OF INTERVAL ESCAPE DISTINCTROW STRAIGHT_JOIN',
  ),
  sqlite: words(NO_CALLS, 'MATCH ESCAPE ISNULL NOTNULL'),
}

/** Calls without brackets, and what they depend on. */
export const BARE_CALLS: PerDialect<ReadonlyMap<string, 'time' | 'session' | 'volatile'>> = {
  postgres: bare({
    time: 'CURRENT_DATE CURRENT_TIME CURRENT_TIMESTAMP LOCALTIME LOCALTIMESTAMP',
    session:
      'CURRENT_USER CURRENT_ROLE CURRENT_CATALOG CURRENT_SCHEMA SESSION_USER SYSTEM_USER USER',
  }),
  mysql: bare({
    time: 'CURRENT_DATE CURRENT_TIME CURRENT_TIMESTAMP LOCALTIME LOCALTIMESTAMP UTC_DATE UTC_TIME UTC_TIMESTAMP SYSDATE',
    session: 'CURRENT_USER CURRENT_ROLE',
    volatile: 'ROWNUM',
  }),
  sqlite: bare({ time: 'CURRENT_DATE CURRENT_TIME CURRENT_TIMESTAMP' }),
}

function bare<K extends 'time' | 'session' | 'volatile'>(
  kinds: Readonly<Record<K, string>>,
): ReadonlyMap<string, K> {
  const map = new Map<string, K>()
  for (const kind of Object.keys(kinds) as K[])
    for (const word of words(kinds[kind])) map.set(word, kind)
  return map
}

/** PostgreSQL: words that may stand before a string without being a type. */
export const BEFORE_TEXT: ReadonlySet<string> = words(
  'LIKE ILIKE IN AND OR NOT THEN ELSE WHEN CASE BETWEEN ESCAPE TO IS SYMMETRIC ASYMMETRIC DISTINCT ALL ANY SOME BY',
  'FROM FOR AS PLACING ZONE VARIADIC SELECT VALUES LIMIT OFFSET PASSING PATH VALUE KEY DEFAULT ON USING BOTH LEADING',
  'TRAILING WHERE RETURNING SIMILAR LOCAL COLUMNS REF',
)
