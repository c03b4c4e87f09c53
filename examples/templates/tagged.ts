/** Tagged templates: what is inserted is escaped, unless it is markup; promises are waited for. */
import { fragment, html } from 'keepfresh/fragment'
import { cache, greeting, note, products, show } from './shop.ts'

const row = ({ id, name, price }: (typeof products)[number]) =>
  fragment(cache, ['row', id], { tags: [`product:${id}`] }, () => {
    note(`row ${id}`)
    return html`${name}: ${price}`
  })

const list = () =>
  fragment(cache, 'list', {}, () => {
    note('list')
    return html`${products.map((product) => html`<li>${row(product)}</li>`)}`
  })

await show(async (response) => {
  const page = await html`<h1>${greeting}</h1>
    <ul>
      ${list()}
    </ul>`
  response.send(page.toString())
})
