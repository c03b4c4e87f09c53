import type { Key } from '../../src/base/stable-key.js'
import type { Cache } from '../../src/cache/cache.js'
import { fragment, type FragmentOptions } from '../../src/fragment/index.js'
import { namedOptions } from '../../src/fragment/named-options.js'

export type { FragmentOptions }

/** What of Nunjucks' parser is used here. */
interface Parser {
  nextToken(): { readonly value: string }
  parseSignature(tolerant: unknown, noParens: boolean): unknown
  advanceAfterBlockEnd(name?: string): void
  parseUntilBlocks(...names: string[]): unknown
}

interface Nodes {
  readonly CallExtensionAsync: new (
    extension: unknown,
    method: string,
    args: unknown,
    contents: readonly unknown[],
  ) => unknown
}

type Done = (error: unknown, markup?: string) => void

interface Context {
  readonly env: { getFilter(name: 'safe'): (markup: string) => string }
}

/** An extension, as `addExtension` takes it. */
export interface FragmentExtension {
  readonly tags: string[]
  /** What it gives is markup already. */
  readonly autoescape: false
  parse(parser: Parser, nodes: Nodes, lexer: unknown): unknown
  run(context: Context, ...rest: unknown[]): void
}

/**
 * The tag `{% fragment "card", id, ttl="10m" %} … {% endfragment %}`, which keeps what stands in it. The arguments are the key; `ttl`,
 * `grace`, `tags` and `version` are options, those of `options` being the defaults.
 *
 * `environment.addExtension('fragment', fragmentExtension(cache))`, and render with a callback, since it has to wait.
 */
export function fragmentExtension(cache: Cache, options: FragmentOptions = {}): FragmentExtension {
  return {
    tags: ['fragment'],
    autoescape: false,
    parse(parser, { CallExtensionAsync }) {
      const { value } = parser.nextToken()
      const signature = parser.parseSignature(null, true)
      parser.advanceAfterBlockEnd(value)
      const body = parser.parseUntilBlocks('endfragment')
      parser.advanceAfterBlockEnd()
      return new CallExtensionAsync(this, 'run', signature, [body])
    },
    run({ env }, ...rest) {
      const done = rest.pop() as Done
      const body = rest.pop() as (done: Done) => string | undefined
      const named = namedIn(rest)
      const render = (): Promise<string> =>
        new Promise((resolve, reject) => {
          body((error, markup) => {
            if (error) reject(error)
            else resolve(markup ?? '')
          })
        })
      void (async () => {
        let markup: string
        try {
          markup = await fragment(cache, rest as Key, namedOptions(options, named), render)
        } catch (error) {
          done(error)
          return
        }
        // Of an extension around another one, Nunjucks forgets that it gives markup.
        done(null, env.getFilter('safe')(markup))
      })()
    },
  }
}

/** Takes the named arguments off the end of the positional ones. */
function namedIn(parts: unknown[]): Record<string, unknown> {
  const last = parts.at(-1)
  if (typeof last !== 'object' || last === null || !('__keywords' in last)) return {}
  parts.pop()
  return { ...last }
}
