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
  const texts = await Promise.all(values.map(textOf))
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

async function textOf(value: HtmlValue): Promise<string> {
  if (value instanceof Promise) return textOf((await (value as Promise<unknown>)) as HtmlValue)
  if (typeof value === 'string') return escape(value)
  if (typeof value === 'number' || typeof value === 'bigint') return String(value)
  if (value === null || value === undefined || value === false) return ''
  if (isList(value)) return (await Promise.all(value.map(textOf))).join('')
  if (value instanceof Html || isHole(value)) return value.toString()
  throw new CacheError(
    'CACHE_VALUE_INVALID',
    `${describe(value)} has no text for a page; give a text, markup of html\`…\` or raw(…), or a list of them`,
  )
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
