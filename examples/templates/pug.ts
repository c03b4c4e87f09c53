/** Pug: a function that begins a fragment and stands for it. Pug cannot wait, so `whole` waits for what was begun. */
import { fragment, later, whole } from 'keepfresh/fragment'
import pug from 'pug'
import { cache, greeting, note, products, show } from './shop.ts'

const page = pug.compile('h1= greeting\nul!= list()')
const list = pug.compile('each product in products\n  li!= row(product)')
const row = pug.compile('| #{name}: #{price}')

const rowOf = (product: (typeof products)[number]) =>
  later(
    fragment(cache, ['row', product.id], { tags: [`product:${product.id}`] }, () => {
      note(`row ${product.id}`)
      return row(product)
    }),
  )
const listOf = () =>
  later(
    fragment(cache, 'list', {}, () => {
      note('list')
      return list({ products, row: rowOf })
    }),
  )

await show(async (response) => {
  response.send(await whole(() => page({ greeting, list: listOf })))
})
