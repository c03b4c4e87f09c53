/** What template engines need beyond fragments themselves: waiting for what cannot wait, escaping, and what fails. */
import Handlebars from 'handlebars'
import nunjucks from 'nunjucks'
import { createElement, Suspense, use } from 'react'
import { renderToPipeableStream } from 'react-dom/server'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fragmentHelper } from '../../adapters/handlebars/index.js'
import { fragmentExtension } from '../../adapters/nunjucks/index.js'
import { Markup, renderMarkup } from '../../adapters/react/index.js'
import { createCache, type Cache } from '../../index.js'
import { fragment, Html, html, later, raw, whole } from '../../src/fragment/index.js'

let cache: Cache
beforeEach(() => {
  cache = createCache()
})
afterEach(() => cache.close())

const slowly = async (value: string): Promise<string> => {
  await new Promise(setImmediate)
  return value
}

describe('whole', () => {
  it('puts in what was asked for later, each in its place', async () => {
    const page = await whole(() => `<${later(slowly('a'))}|${later('b')}|${later(slowly('€'))}>`)
    expect(page).toBe('<a|b|€>')
    const bytes = await whole(() => Buffer.from(`<${later(slowly('€'))}>`))
    expect(Buffer.from(bytes).toString()).toBe('<€>')
    expect(await whole(() => 'nothing to wait for')).toBe('nothing to wait for')
  })

  it('does not take for a place what a user has written', async () => {
    let seen = ''
    await whole(() => (seen = later('secret')))
    expect(await whole(() => `${seen} ${later('mine')}`)).toBe(`${seen} mine`)
    expect(await whole(() => later(Promise.resolve(seen)))).toBe(seen)
  })

  it('fails with what fails, and nobody else hears of it', async () => {
    const failing = whole(() => {
      later(Promise.reject(new Error('first')))
      return 'without a place'
    })
    await expect(failing).rejects.toThrow('first')
    await expect(
      whole(() => {
        later(Promise.reject(new Error('never told')))
        throw new Error('the template')
      }),
    ).rejects.toThrow('the template')
    expect(() => later('x')).toThrow(expect.objectContaining({ code: 'CACHE_SCOPE_VIOLATION' }))
  })

  it('is what a fragment does by itself, so that what is kept has no places in it', async () => {
    const inner = () => fragment(cache, 'inner', {}, () => slowly('inner'))
    const outer = () => fragment(cache, 'outer', {}, () => `[${later(inner())}]`)
    for (let n = 0; n < 2; n++) expect(await whole(() => later(outer()))).toBe('[inner]')
  })
})

describe('html', () => {
  it('escapes what is no markup, and waits for promises', async () => {
    const danger = `<script>"&'`
    const page =
      await html`${danger}|${1}|${2n}|${null}${undefined}${false}|${[danger, html`<b>${danger}</b>`]}|${slowly('<')}|${raw('<i>')}`
    const safe = '&lt;script&gt;&quot;&amp;&#39;'
    expect(String(page)).toBe(`${safe}|1|2||${safe}<b>${safe}</b>|&lt;|<i>`)
  })

  it('refuses what has no obvious text', async () => {
    for (const odd of [{}, () => 1, Symbol('x'), true, new Date()]) {
      await expect(html`${odd as never}`).rejects.toMatchObject({ code: 'CACHE_VALUE_INVALID' })
    }
  })

  it('has one error, also where several things fail at once', async () => {
    const failing = Promise.reject(new Error('the database is down'))
    const page = html`${[failing, {} as never]}`
    await expect(page).rejects.toMatchObject({ code: 'CACHE_VALUE_INVALID' })
  })

  it('comes out of a fragment as markup, kept or not', async () => {
    const row = () => fragment(cache, 'row', {}, () => html`<li>${'<'}</li>`)
    for (let n = 0; n < 2; n++) {
      expect(await row()).toBeInstanceOf(Html)
      const list = await html`<ul>
        ${row()}
      </ul>`
      expect(list.toString().replaceAll(/\s/g, '')).toBe('<ul><li>&lt;</li></ul>')
    }
  })
})

describe('handlebars', () => {
  const open = () => {
    const own = Handlebars.create()
    own.registerHelper('fragment', fragmentHelper(cache, { ttl: '1m' }))
    return (template: string, data: object) => whole(() => own.compile(template)(data))
  }

  it('keeps a block by its arguments, with options by name', async () => {
    const render = open()
    const template =
      '{{#each all}}{{#fragment "x" id tags="one two"}}{{id}}{{../n}};{{/fragment}}{{/each}}'
    const all = [{ id: '<' }, { id: 2 }]
    expect(await render(template, { n: 1, all })).toBe('&lt;1;21;')
    expect(await render(template, { n: 2, all })).toBe('&lt;1;21;')
    await cache.invalidateTags(['two'])
    expect(await render(template, { n: 3, all })).toBe('&lt;3;23;')
  })

  it('says what is wrong', async () => {
    const render = open()
    const wrong = { code: 'CACHE_OPTION_INVALID' }
    await expect(render('{{#fragment "x" ttl="soon"}}{{/fragment}}', {})).rejects.toMatchObject(
      wrong,
    )
    await expect(render('{{#fragment "x" tll="1m"}}{{/fragment}}', {})).rejects.toMatchObject(wrong)
    await expect(render('{{fragment "x"}}', {})).rejects.toThrow('is a block')
  })
})

describe('nunjucks', () => {
  const open = () => {
    const environment = new nunjucks.Environment(null, { autoescape: true })
    environment.addExtension('fragment', fragmentExtension(cache))
    return (template: string, data: object) =>
      new Promise<string>((resolve, reject) => {
        environment.renderString(template, data, (error, page) => {
          if (error) reject(error)
          else resolve(page ?? '')
        })
      })
  }

  it('keeps a block by its arguments, nested and in loops', async () => {
    const render = open()
    const template = `{% fragment "list", tags=["list"] %}<ul>{% for x in all %}{% fragment "x", x %}<li>{{ x }}{{ n }}</li>{% endfragment %}{% endfor %}</ul>{% endfragment %}`
    const once = '<ul><li>&lt;1</li><li>b1</li></ul>'
    expect(await render(template, { n: 1, all: ['<', 'b'] })).toBe(once)
    expect(await render(template, { n: 2, all: ['<', 'b', 'c'] })).toBe(once)
    await cache.invalidateTags(['list'])
    const again = '<ul><li>&lt;1</li><li>b1</li><li>c3</li></ul>'
    expect(await render(template, { n: 3, all: ['<', 'b', 'c'] })).toBe(again)
  })

  it('fails as the template does, and says what is wrong', async () => {
    const render = open()
    const broken = '{% fragment "x" %}{{ fail() }}{% endfragment %}'
    const fail = (): never => {
      throw new Error('in the block')
    }
    await expect(render(broken, { fail })).rejects.toThrow('in the block')
    await expect(render('{% fragment "x", ttl="soon" %}{% endfragment %}', {})).rejects.toThrow(
      'ttl',
    )
  })
})

describe('react', () => {
  it('renders a subtree with all that it waits for', async () => {
    const waits = slowly('waited')
    const Waiting = () => createElement('p', { title: '"' }, use(waits))
    const tree = createElement(Suspense, { fallback: 'soon' }, createElement(Waiting))
    expect(await renderMarkup(tree)).toContain('<p title="&quot;">waited</p>')
  })

  it('keeps nothing of a subtree that failed, though React shows its fallback', async () => {
    let fails = true
    const Failing = () => {
      if (fails) throw new Error('a component')
      return 'well'
    }
    const tree = () => createElement(Suspense, { fallback: 'oh' }, createElement(Failing))
    const part = () => fragment(cache, 'part', {}, () => renderMarkup(tree()))
    await expect(part()).rejects.toThrow('a component')
    fails = false
    expect(await part()).toContain('well')
  })

  it('streams a page around markup that is still being made', async () => {
    const gate = Promise.withResolvers<string>()
    const page = createElement(
      'main',
      null,
      createElement('h1', null, 'now'),
      createElement(
        Suspense,
        { fallback: 'soon' },
        createElement(Markup, { of: gate.promise, as: 'ul', className: 'list' }),
      ),
    )
    const out = new PassThrough()
    const { pipe } = renderToPipeableStream(page, {
      onShellReady: () => {
        pipe(out)
        gate.resolve('<li>later</li>')
      },
    })
    const all = await text(out)
    expect(all.indexOf('now')).toBeLessThan(all.indexOf('<ul class="list"><li>later</li></ul>'))
  })
})
