/** Handlebars: a block helper that keeps its block. Handlebars cannot wait, so `whole` waits for what its helpers began. */
import Handlebars from 'handlebars'
import { fragmentHelper, whole } from 'keepfresh/handlebars'
import { cache, greeting, note, products, show } from './shop.ts'

Handlebars.registerHelper('fragment', fragmentHelper(cache))
Handlebars.registerHelper('note', (...parts: unknown[]) => note(parts.slice(0, -1).join(' ')))
Handlebars.registerHelper('tag', (id: number) => `product:${id}`)

const page = Handlebars.compile(`<h1>{{greeting}}</h1>
  <ul>{{#fragment "list"}}{{note "list"}}
    {{~#each products~}}
      <li>{{#fragment "row" id tags=(tag id)}}{{note "row" id}}{{name}}: {{price}}{{/fragment}}</li>
    {{~/each}}
  {{~/fragment}}</ul>`)

await show(async (response) => {
  response.send(await whole(() => page({ greeting, products })))
})
