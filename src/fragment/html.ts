import { CacheError, describe } from '../base/errors.js'

/** Text that is markup already, and goes into a page as it is. */
export class Html {
  readonly #markup: string

  constructor(markup: string) {
    this.#markup = markup
  }

  toString(): string {
    return this.#markup
  }
}

/** What may stand in a template: texts and numbers are escaped, markup is not; nothing stands for false, null and undefined. */
export type HtmlValue =
  | Html
  | MarkupHolder
  | string
  | number
  | bigint
  | boolean
  | null
  | undefined
  | readonly HtmlValue[]
  | Promise<HtmlValue>

/** A hole, as far as it counts here. */
interface MarkupHolder {
  readonly name: string
  readonly render: unknown
  toString(): string
}

/**
 * Markup from a tagged template, in which whatever is inserted is escaped unless it is markup itself: of `html`, of a fragment that
 * was made with it, a hole. Promises are waited for, all at once.
 *
 * @throws {CacheError} as a rejection: `CACHE_VALUE_INVALID` for a value that has no obvious text.
 */
export async function html(
  markup: TemplateStringsArray,
  ...values: readonly HtmlValue[]
): Promise<Html> {
  const texts = await together(values.map(textOf))
  let all = markup[0] ?? ''
  texts.forEach((text, index) => {
    all += text + (markup[index + 1] ?? '')
  })
  return new Html(all)
}

/** Text that is markup already, and must not come from a user. */
export function raw(markup: string): Html {
  return new Html(markup)
}

/** The text of a value; a promise only where there is one to wait for, since a page has many values and few promises. */
function textOf(value: HtmlValue): string | Promise<string> {
  if (value instanceof Promise) return value.then(textOf)
  if (typeof value === 'string') return escape(value)
  if (typeof value === 'number' || typeof value === 'bigint') return String(value)
  if (value === null || value === undefined || value === false) return ''
  if (isList(value)) return joined(value.map(textOf))
  if (value instanceof Html || isHole(value)) return value.toString()
  // Not thrown: what was begun beside it has to be waited for all the same, or its failure would be nobody's.
  return Promise.reject(
    new CacheError(
      'CACHE_VALUE_INVALID',
      `${describe(value)} has no text for a page; give a text, markup of html\`…\` or raw(…), or a list of them`,
    ),
  )
}

function joined(texts: readonly (string | Promise<string>)[]): string | Promise<string> {
  const all = together(texts)
  return all instanceof Promise ? all.then((each) => each.join('')) : all.join('')
}

function together(
  texts: readonly (string | Promise<string>)[],
): readonly string[] | Promise<readonly string[]> {
  const waits = texts.some((text) => typeof text !== 'string')
  if (!waits) return texts as readonly string[]
  return Promise.all(texts.map((text) => Promise.resolve(text)))
}

function isList(value: HtmlValue): value is readonly HtmlValue[] {
  return Array.isArray(value)
}

function isHole(value: unknown): value is MarkupHolder {
  const { name, render } = value as Partial<MarkupHolder>
  return typeof name === 'string' && typeof render === 'function'
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function escape(text: string): string {
  return /[&<>"']/.test(text)
    ? text.replaceAll(/[&<>"']/g, (character) => ESCAPES[character]!)
    : text
}
