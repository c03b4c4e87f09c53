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

const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

/** Markup from a template, in which whatever is inserted is escaped unless it is markup itself. */
export function html(markup: TemplateStringsArray, ...contents: readonly Content[]): Html {
  return new Html(String.raw({ raw: markup }, ...contents.map(text)))
}

function text(content: Content): string {
  if (content === false || content === undefined) return ''
  if (Array.isArray(content)) return content.map(text).join('')
  if (content instanceof Html) return content.toString()
  return String(content).replaceAll(/[&<>"]/g, (character) => ESCAPES[character] ?? character)
}
