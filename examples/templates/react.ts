/** React: fragments are rendered apart, and shown in an element; the page streams on while they are made. */
import { fragment } from 'keepfresh/fragment'
import { Markup, renderMarkup } from 'keepfresh/react'
import { createElement, Fragment, Suspense } from 'react'
import { renderToPipeableStream } from 'react-dom/server'
import { cache, greeting, note, products, show } from './shop.ts'

type Product = (typeof products)[number]

const row = (product: Product) =>
  fragment(cache, ['row', product.id], { tags: [`product:${product.id}`] }, () => {
    note(`row ${product.id}`)
    return renderMarkup(createElement(Row, product))
  })
const list = () =>
  fragment(cache, 'list', {}, () => {
    note('list')
    return renderMarkup(createElement(List))
  })

function Row({ name, price }: Product) {
  return `${name}: ${price}`
}

function List() {
  return products.map((product) =>
    createElement(Markup, { key: product.id, as: 'li', of: row(product) }),
  )
}

function Page() {
  return createElement(
    Fragment,
    null,
    createElement('h1', null, String(greeting)),
    createElement(Suspense, null, createElement(Markup, { as: 'ul', of: list() })),
  )
}

await show((response) => {
  const { pipe } = renderToPipeableStream(createElement(Page), {
    onAllReady: () => pipe(response.type('html')),
  })
})
