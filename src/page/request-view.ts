import type { IncomingMessage } from 'node:http'
import { isInHole } from '../fragment/uncacheable.js'
import type { FieldLine, FieldValues } from '../http/index.js'
import {
  type LaterFields,
  noFields,
  type Watched,
  watchFields,
  type Watching,
} from './watched-fields.js'
import { filledWhenRead } from './filled-when-read.js'
import { DistinctFields } from './distinct-fields.js'

/**
 * What a handler sees of a request while it makes a page for many visitors.
 *
 * Two things keep one visitor's input out of everybody's page. What a page must not depend on is not there (conditions, ranges,
 * the host as the visitor spelled it). And what the handler does read is noted, so that it becomes part of what tells variants
 * apart: a page that repeats `X-Forwarded-Host` is then a page for those who sent the same one.
 */

/** Fields that a handler making a page is not shown: they are about this visit and not about the page. */
const HIDDEN = new Set([
  'cache-control',
  'connection',
  'content-length',
  'content-type',
  'expect',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'keep-alive',
  'pragma',
  'proxy-connection',
  'range',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** All fields were gone through, as by a handler that forwards the request. */
export const EVERYTHING = '*'

export interface RequestView {
  /** Lower-case names of the fields the handler has asked for by name; `EVERYTHING` with them when it went through all. */
  readonly read: ReadonlySet<string>
  /** True when nobody can tell whether it went through all fields, or asked for each by name. */
  readonly unclear: boolean
  /** True when the handler looked at what says who the visitor is: `user`, `session`, `cookies`. */
  readonly personal: boolean
  /** True when that happened only once the handler had handed its answer over (`handOver`). */
  readonly personalLate: boolean
  /** True when the framework keeps anything about the visitor. */
  readonly guarded: boolean
  /** What is read of the visitor from now on is read by plugins, for the way out. */
  handOver(): void
  /** Runs `inside` without noting what it reads: what the server reads while it sends is no dependency of the page. */
  unnoted<T>(inside: () => T): T
  /** Gives the request back as it was, but for the fields that were written meanwhile. */
  end(): void
}

const PERSONAL = ['user', 'session', 'cookies', 'signedCookies'] as const

export interface ViewOptions {
  /** The host as configured, shown in place of the visitor's spelling. */
  readonly host: string
  /** Fields shown in addition: the validators of the stored page. */
  readonly added: readonly FieldLine[]
  /** The object on which the framework keeps `user`, `session` and `cookies`. */
  readonly subject: object
}

/** Shows a request to the handler that makes a page, until `end` is called. */
export function viewRequest(request: IncomingMessage, options: ViewOptions): RequestView {
  return new View(request, options)
}

const NOTHING_READ: ReadonlySet<string> = new Set()

/** A class that is what its proxies call, too: there is one for each miss. */
class View implements RequestView, Watching, LaterFields {
  personal = false
  personalLate = false
  guarded = false
  readonly #request: IncomingMessage
  readonly #options: ViewOptions
  readonly #headers: FieldValues
  readonly #watched: Watched<object>
  readonly #distinct: Watched<object>
  #unclear = false
  #hostNamed = false
  #read: Set<string> | undefined = undefined
  #noting = true
  #handed = false
  #shown: Record<string, string | readonly string[]> | undefined = undefined
  #written: Map<string | symbol, unknown> | undefined = undefined
  readonly #restores: (() => void)[] = []

  constructor(request: IncomingMessage, options: ViewOptions) {
    this.#request = request
    this.#options = options
    this.#headers = request.headers
    this.#watched = watchFields(noFields(), this, this)
    this.#substitute('headers', this.#watched.fields)
    this.#substitute(
      'rawHeaders',
      filledWhenRead<string>([], (all) => {
        this.onAll()
        for (const [name, value] of Object.entries(this.#all())) all.push(name, String(value))
      }),
    )
    const distinct = new DistinctFields(this, this)
    this.#distinct = watchFields(noFields(), distinct, distinct)
    this.#substitute('headersDistinct', this.#distinct.fields)
    const { subject } = options
    for (const name of PERSONAL) {
      const value: unknown = Reflect.get(subject, name)
      if (value === undefined || value === null) continue
      this.guarded = true
      this.#replace(subject, name, () => {
        if (this.counts()) {
          if (this.#handed) this.personalLate = true
          else this.personal = true
        }
        return value
      })
    }
  }

  get read(): ReadonlySet<string> {
    this.#settle()
    return this.#read ?? NOTHING_READ
  }

  get unclear(): boolean {
    this.#settle()
    return this.#unclear
  }

  #settle(): void {
    this.#watched.settle()
    this.#distinct.settle()
  }

  counts(): boolean {
    return this.#noting && !isInHole()
  }

  isNamed(name: string): boolean {
    if (name === 'host') return this.#hostNamed
    return HIDDEN.has(name) || this.#read?.has(name) === true
  }

  onName(name: string): void {
    if (name === 'host') this.#hostNamed = true
    if (HIDDEN.has(name) || name === 'host') return
    this.#read ??= new Set()
    this.#read.add(name)
  }

  onAll(): void {
    if (!this.counts()) return
    this.#read ??= new Set()
    this.#read.add(EVERYTHING)
  }

  onUnclear(): void {
    this.#unclear = true
  }

  onWrite(name: string | symbol, value: unknown): void {
    this.#written ??= new Map()
    this.#written.set(name, value)
  }

  one(name: string): unknown {
    const { host, added } = this.#options
    if (name === 'host') return host
    const line = added.findLast(([other]) => other === name)
    if (line !== undefined) return line[1]
    if (HIDDEN.has(name) || !Object.hasOwn(this.#headers, name)) return undefined
    const value = this.#headers[name]
    return typeof value === 'number' ? String(value) : value
  }

  fill(fields: object): void {
    Object.assign(fields, this.#all())
  }

  handOver(): void {
    this.#handed = true
  }

  unnoted<T>(inside: () => T): T {
    const before = this.#noting
    this.#noting = false
    try {
      return inside()
    } finally {
      this.#noting = before
    }
  }

  end(): void {
    this.#noting = false
    for (const restore of this.#restores) restore()
    this.#restores.length = 0
    const request = this.#request
    if (this.#written === undefined) return
    for (const [name, value] of this.#written) {
      if (value === undefined) Reflect.deleteProperty(request.headers, name)
      else Reflect.set(request.headers, name, value)
    }
    this.#written = undefined
  }

  /** All that is shown, as the request came. */
  #all(): Record<string, string | readonly string[]> {
    const { host, added } = this.#options
    return (this.#shown ??= shownFields(this.#headers, host, added))
  }

  /** By assignment where that works: defining a getter gives the request a shape of its own. */
  #substitute(name: 'headers' | 'rawHeaders' | 'headersDistinct', value: object): void {
    const request = this.#request
    const before: unknown = name === 'headersDistinct' ? undefined : request[name]
    if (!Reflect.set(request, name, value) || request[name] !== value) {
      this.#replace(request, name, () => value)
      return
    }
    this.#restores.push(() => {
      if (request[name] === value) Reflect.set(request, name, before)
    })
  }

  #replace(target: object, name: string, value: () => unknown): void {
    const before = Object.getOwnPropertyDescriptor(target, name)
    if (before?.configurable === false) return
    const set = (next: unknown): void => {
      Object.defineProperty(target, name, {
        value: next,
        writable: true,
        configurable: true,
        enumerable: true,
      })
    }
    Object.defineProperty(target, name, { get: value, set, configurable: true, enumerable: true })
    const ours = value
    this.#restores.push(() => {
      if (Object.getOwnPropertyDescriptor(target, name)?.get !== ours) return
      if (before === undefined) Reflect.deleteProperty(target, name)
      else Object.defineProperty(target, name, before)
    })
  }
}

function shownFields(
  headers: FieldValues,
  host: string,
  added: readonly FieldLine[],
): Record<string, string | readonly string[]> {
  const shown: Record<string, string | readonly string[]> = {}
  for (const name of Object.keys(headers)) {
    const value = headers[name]
    if (value !== undefined && !HIDDEN.has(name) && name !== 'host') {
      shown[name] = typeof value === 'number' ? String(value) : value
    }
  }
  for (const [name, value] of added) if (name !== 'host') shown[name] = value
  // At the end, where `watchFields` wants a field that is no dependency: the host is in every key.
  shown['host'] = host
  return shown
}
