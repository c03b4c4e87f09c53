import { hash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Call } from './call.js'
import type { CoreConfig } from './core.js'

/** Options by which the same answer looks different, or the same values are sent differently. */
const FORMS = [
  'rowsAsArray',
  'nestTables',
  'dateStrings',
  'supportBigNumbers',
  'bigNumberStrings',
  'decimalNumbers',
  'jsonStrings',
  'timezone',
  'stringifyObjects',
] as const

export type TypeCast = (...args: never[]) => unknown

/** Words of a function that depends on its arguments alone. Nothing that knows the time, chance, or the world is among them. */
const HARMLESS = new Set(
  `function return if else const let var switch case default break null undefined true false typeof instanceof new in of for while
   Number String Boolean BigInt parseInt parseFloat JSON NaN Infinity Buffer`.split(/\s+/),
)

/**
 * Names how rows look and values become JavaScript, since an answer in one form must not be given to who asked for another.
 *
 * A `typeCast` function has a name if the application gives it one; or if it is written in such a way that it can only depend on what
 * it is given, as that of Drizzle is: then its source is its name. Any other keeps a query from being cached.
 */
export class Forms {
  readonly #name: ((typeCast: TypeCast) => string | undefined) | undefined
  readonly #sources = new LRUCache<string, string>({ max: 500 })

  constructor(name: ((typeCast: TypeCast) => string | undefined) | undefined) {
    this.#name = name
  }

  rowMode({ method, options }: Call, config: CoreConfig): string {
    let form: string = method
    for (const name of FORMS) {
      const value = options[name] ?? config[name]
      if (value !== undefined && value !== false) form += ` ${name}=${JSON.stringify(value)}`
    }
    return form
  }

  /** `null` for a way without a name. */
  parsers({ options }: Call, config: CoreConfig): string | null | undefined {
    const typeCast = options['typeCast'] ?? config['typeCast']
    if (typeCast === undefined || typeCast === true) return undefined
    if (typeof typeCast !== 'function') return `cast=${JSON.stringify(typeCast)}`
    const named = this.#name?.(typeCast as TypeCast)
    if (named !== undefined) return `named ${named}`
    const source = Function.prototype.toString.call(typeCast)
    let name = this.#sources.get(source)
    if (name === undefined) {
      name = isClosed(source) ? `source ${hash('sha256', source, 'base64url')}` : ''
      this.#sources.set(source, name)
    }
    return name === '' ? null : name
  }
}

/** Whether the source of a function speaks of nothing but its parameters. It errs on the side of no. */
export function isClosed(source: string): boolean {
  const head = /^\s*(?:function\b[^(]*)?\(([\w$\s,]*)\)\s*(?:=>)?/.exec(source)
  if (head === null || /[`\\]|\/|\bthis\b|\barguments\b/.test(source)) return false
  const parameters = head[1]?.split(',').map((name) => name.trim()) ?? []
  const body = source.slice(head[0].length).replaceAll(/'[^']*'|"[^"]*"/g, "''")
  const declared = [...body.matchAll(/\b(?:const|let|var)\s+([\w$]+)/g)].map(
    ([, name]) => name ?? '',
  )
  const known = new Set([...parameters, ...declared])
  for (const [word] of body.matchAll(/(?<![\w$.])[A-Za-z_$][\w$]*/g)) {
    if (!known.has(word) && !HARMLESS.has(word)) return false
  }
  return true
}
