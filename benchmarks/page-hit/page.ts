import ejs from 'ejs'

/** What answers: a framework, with the cache in one of its places or without. */
export const KINDS = [
  'node:http',
  'express',
  'express, middleware',
  'express, in front',
  'fastify',
  'fastify, hook',
  'fastify, in front',
] as const

export type Kind = (typeof KINDS)[number]

export function isKind(text: string): text is Kind {
  return (KINDS as readonly string[]).includes(text)
}

const TEMPLATE = ejs.compile(
  '<!doctype html>\n<title><%= title %></title>\n<table>\n<% for (const row of rows) { %>' +
    '<tr><td><%= row.id %></td><td><%= row.name %></td><td><%= row.price %></td></tr>\n<% } %></table>\n',
)

/** A table of 120 rows, made up to 10 kB. */
export function rendered(id: string): string {
  const rows = Array.from({ length: 120 }, (_, n) => ({
    id: n,
    name: `Article <${n}> & more, on page ${id}`,
    price: (n * 19) / 8,
  }))
  return TEMPLATE({ title: `Page ${id}`, rows }).padEnd(10_240, ' ')
}

/** One flat string, as a file that was read is: V8 would walk the pieces that it was put together from on every write. */
export const BODY: string = Buffer.from(rendered('ready')).toString('latin1')
