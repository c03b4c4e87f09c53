import ejs from 'ejs'
import { Pool } from 'pg'

/** What an application answers with. */
export interface Page {
  /** The fields that its handler sets. */
  readonly fields: Readonly<Record<string, string>>
  /** The body of a page: what its handler has to do for it. */
  readonly body: (id: string) => string | Promise<string>
}

/** What the handler of a scenario does. */
export interface Handler {
  /**
   * `ready`: sends a string that is there. `rendered`: fills in a template, a page of its own for each id. `queried`: the same with
   * 400 rows that it asks of PostgreSQL, which is what pages do that are worth a cache.
   */
  readonly makes: 'ready' | 'rendered' | 'queried'
  /** Where PostgreSQL is, for `queried`. */
  readonly database?: string
  /** The validator it sets. Default: none; Express adds one of its own. */
  readonly etag?: string
}

export const BYTES = 10_240

const TEMPLATE = ejs.compile(
  '<!doctype html>\n<title><%= title %></title>\n<table>\n<% for (const row of rows) { %>' +
    '<tr><td><%= row.id %></td><td><%= row.name %></td><td><%= row.price %></td></tr>\n<% } %></table>\n',
)
/** One flat string, as a file that was read is: V8 would walk the pieces that a template put together on every write. */
const READY = Buffer.from(rendered('ready')).toString('latin1')

export function pageOf({ makes, etag, database }: Handler): Page {
  return {
    fields: {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'public, max-age=3600',
      ...(etag !== undefined && { etag }),
    },
    body: makes === 'ready' ? () => READY : makes === 'rendered' ? rendered : queried(database!),
  }
}

/** Hands a body to whoever sends it, at once where it is there. */
export function whenMade(
  body: string | Promise<string>,
  send: (text: string) => unknown,
  failed: (error: unknown) => unknown,
): void {
  if (typeof body === 'string') send(body)
  else body.then(send).catch(failed)
}

/** A table of 100 rows, made up to 10 kB. */
function rendered(id: string): string {
  const rows = Array.from({ length: 100 }, (_, n) => ({
    id: n,
    name: `Article <${n}> & more, on page ${id}`,
    price: (n * 19) / 8,
  }))
  const html = TEMPLATE({ title: `Page ${id}`, rows })
  return html.padEnd(BYTES, ' ')
}

/** What `queried` asks of: 100 sections of 400 articles each. */
export const TABLE: readonly string[] = [
  'create table articles (id int primary key, section int, title text, author text, at timestamptz)',
  `insert into articles select n, n % 100, 'Article <' || n || '>', 'Author ' || n % 50,
    '2026-01-01'::timestamptz + n * interval '1 minute' from generate_series(1, 40000) n`,
  'create index on articles (section, at)',
  'analyze articles',
]

const ARTICLES = ejs.compile(
  '<!doctype html>\n<title><%= title %></title>\n<ul>\n<% for (const row of rows) { %>' +
    '<li><%= row.title %>\n<% } %></ul>\n',
)

interface Article {
  readonly id: number
  readonly title: string
  readonly author: string
  readonly at: Date
}

/** A list of 400 articles, 10 kB. */
function queried(database: string): (id: string) => Promise<string> {
  const pool = new Pool({ connectionString: database, allowExitOnIdle: true })
  // The server ends before those who asked it.
  pool.on('error', () => {})
  return async (id) => {
    const { rows } = await pool.query<Article>(
      'select id, title, author, at from articles where section = $1 order by at desc',
      [Number(id) % 100],
    )
    return ARTICLES({ title: `Page ${id}`, rows })
  }
}
