/** EJS: with `async: true` a template waits by itself. */
import ejs from 'ejs'
import { fragment } from 'keepfresh/fragment'
import { cache, greeting, note, products, show } from './shop.ts'

const page = ejs.compile(
  `<h1><%- greeting %></h1>
  <ul><%- await fragment(cache, 'list', {}, () => { note('list'); return list(locals) }) %></ul>`,
  { async: true },
)
const list = ejs.compile(
  `<% for (const { id, name, price } of products) { %>
    <li><%- await fragment(cache, ['row', id], { tags: ['product:' + id] }, () => {
      note('row ' + id)
      return row({ name, price })
    }) %></li>
  <% } %>`,
  { async: true },
)
const row = ejs.compile('<%= name %>: <%= price %>')

await show(async (response) => {
  response.send(await page({ cache, fragment, greeting, list, note, products, row }))
})
