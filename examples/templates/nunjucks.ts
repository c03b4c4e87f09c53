/** Nunjucks: a tag that keeps what stands in it. Render with a callback, since it has to wait. */
import { fragmentExtension } from 'keepfresh/nunjucks'
import nunjucks from 'nunjucks'
import { cache, greeting, note, products, show } from './shop.ts'

const environment = new nunjucks.Environment(null, { autoescape: true })
environment.addExtension('fragment', fragmentExtension(cache))
environment.addGlobal('note', note)

const page = `<h1>{{ greeting }}</h1>
  <ul>{% fragment "list" %}{{ note("list") }}
    {%- for product in products -%}
      <li>{% fragment "row", product.id, tags=["product:" + product.id] -%}
        {{ note("row " + product.id) }}{{ product.name }}: {{ product.price }}
      {%- endfragment %}</li>
    {%- endfor %}
  {%- endfragment %}</ul>`

const render = (template: string, data: object) =>
  new Promise<string>((resolve, reject) => {
    environment.renderString(template, data, (error, markup) => {
      if (error) reject(error)
      else resolve(markup ?? '')
    })
  })

await show(async (response) => {
  response.send(await render(page, { greeting, products }))
})
