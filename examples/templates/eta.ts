/** Eta: templates that are rendered with `renderStringAsync` or `renderAsync` wait by themselves. */
import { Eta } from 'eta'
import { fragment } from 'keepfresh/fragment'
import { cache, greeting, note, products, show } from './shop.ts'

const eta = new Eta({ useWith: true, autoTrim: false })
const page = `<h1><%~ greeting %></h1>
  <ul><%~ await fragment(cache, 'list', {}, () => { note('list'); return list() }) %></ul>`
const rows = `<% for (const { id, name, price } of products) { %>
    <li><%~ await fragment(cache, ['row', id], { tags: ['product:' + id] }, () => {
      note('row ' + id)
      return row({ name, price })
    }) %></li>
  <% } %>`

const row = (product: object) => eta.renderString('<%= name %>: <%= price %>', product)
const list = () => eta.renderStringAsync(rows, { cache, fragment, note, products, row })

await show(async (response) => {
  response.send(await eta.renderStringAsync(page, { cache, fragment, greeting, list, note }))
})
