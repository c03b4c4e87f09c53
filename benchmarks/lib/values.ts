import { text } from './codecs.js'

export const product = (id: number, at: unknown): object => ({
  id,
  name: `Product number ${id}`,
  price: id * 1.25,
  sku: `SKU-${id}-ABCDEF`,
  category: { id: id % 5, name: 'Category' },
  tags: ['new', 'sale'],
  active: id % 2 === 0,
  description: `A few words about product ${id}`,
  at,
})
const list = (at: (id: number) => unknown): object => ({
  total: 50,
  rows: Array.from({ length: 50 }, (_, id) => product(id, at(id))),
})
const html = '<article class="card"><h2>Grüße</h2><p>Some words.</p></article>\n'.repeat(800)

/** Values as applications keep them. */
export const VALUES: readonly (readonly [name: string, value: unknown])[] = [
  ['an object', product(5, '2026-01-01T00:00:00Z')],
  ['50 rows', list(() => '2026-01-01T00:00:00Z')],
  ['50 rows with Dates', list((id) => new Date(1.7e12 + id))],
  ['a page, text', { status: 200, headers: { 'content-type': 'text/html' }, body: html }],
  ['a page, bytes', { status: 200, headers: { 'content-type': 'text/html' }, body: text(html) }],
]
