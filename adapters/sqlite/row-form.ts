import type { Method, RawStatement } from './types.js'

const FORMS: ReadonlySet<string> = new Set(['pluck', 'expand', 'raw'])
const SWITCHES: ReadonlySet<string> = new Set([
  'safeIntegers',
  'setReadBigInts',
  'setReturnArrays',
  'setAllowBareNamedParameters',
  'setAllowUnknownNamedParameters',
])

/** Whether a method, called like this, switches the form of rows as the client takes it; anything else is left to the client. */
export function isSwitch(name: string, values: readonly unknown[]): boolean {
  if (values.length > 1) return false
  const [value] = values
  if (value === undefined) return FORMS.has(name) || name === 'safeIntegers'
  return typeof value === 'boolean' && (FORMS.has(name) || SWITCHES.has(name))
}

/**
 * In which form a statement hands out rows, which is a part of the key: the switches of both clients, followed as they act, so that a
 * real statement which is prepared later can be switched the same way.
 */
export class RowForm {
  /** What a key begins with for `get`, and for `all`. */
  get: string = 'g;'
  all: string = 'a;'
  /** better-sqlite3: the three forms take turns, and switching one off acts on itself alone. */
  #form = ''
  readonly #switches = new Map<string, boolean>()

  set(name: string, value: unknown): void {
    const isOn = value !== false
    if (!FORMS.has(name)) this.#switches.set(name, isOn)
    else if (isOn === (this.#form === name)) return
    else this.#form = isOn ? name : ''
    const switches = [...this.#switches].map(([one, on]) => `${one}=${on}`).toSorted()
    const key = [this.#form, ...switches].join(',')
    this.get = `g${key};`
    this.all = `a${key};`
  }

  /** Switches a statement that was just prepared. */
  apply(statement: RawStatement): void {
    const methods = statement as RawStatement & Readonly<Record<string, Method>>
    for (const [name, isOn] of this.#switches) methods[name]?.call(statement, isOn)
    if (this.#form !== '') methods[this.#form]?.call(statement, true)
  }
}
