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

type Content = Html | string | number | false | undefined | readonly Content[]

/** Markup from a template, in which whatever is inserted is escaped unless it is markup itself. */
export function html(markup: TemplateStringsArray, ...contents: readonly Content[]): Html {
  let page = markup[0] ?? ''
  for (let index = 0; index < contents.length; index++)
    page += text(contents[index]) + (markup[index + 1] ?? '')
  return new Html(page)
}

function text(content: Content): string {
  if (typeof content === 'string') return MARKUP.test(content) ? escape(content) : content
  if (content instanceof Html) return content.toString()
  if (typeof content === 'number') return String(content)
  if (content === false || content === undefined) return ''
  let all = ''
  for (const each of content) all += text(each)
  return all
}

const MARKUP = /[&<>"]/
const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

function escape(content: string): string {
  return content.replaceAll(/[&<>"]/g, (character) => ESCAPES[character] ?? character)
}
