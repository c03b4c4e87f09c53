import ejs from 'ejs'

/** What an application answers with. */
export interface Page {
  /** The fields that its handler sets. */
  readonly fields: Readonly<Record<string, string>>
  /** The body of a page: what its handler has to do for it. */
  readonly body: (id: string) => string
}

/** What the handler of a scenario does. */
export interface Handler {
  /** `ready`: sends a string that is there. `rendered`: fills in a template, a page of its own for each id. */
  readonly makes: 'ready' | 'rendered'
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

export function pageOf({ makes, etag }: Handler): Page {
  return {
    fields: {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'public, max-age=3600',
      ...(etag !== undefined && { etag }),
    },
    body: makes === 'ready' ? () => READY : rendered,
  }
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
