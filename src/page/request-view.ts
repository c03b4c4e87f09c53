import type { IncomingMessage } from 'node:http'
import { isInHole } from '../fragment/uncacheable.js'
import type { FieldLine, FieldValues } from '../http/index.js'
import { watchFields } from './watched-fields.js'

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
  const { host, added, subject } = options
  const read = new Set<string>()
  let noting = true
  let handed = false
  let guarded = false
  const counts = (): boolean => noting && !isInHole()
  const note = (name: string): void => {
    if (!HIDDEN.has(name) && name !== 'host') read.add(name)
  }
  const noteAll = (): void => {
    if (counts()) read.add(EVERYTHING)
  }
  const shown = shownFields(request.headers, host, added)
  let written: Map<string | symbol, unknown> | undefined
  const watched = watchFields(shown, {
    counts,
    onName: note,
    onAll: noteAll,
    onWrite: (name, value) => {
      written ??= new Map()
      written.set(name, value)
    },
  })
  const replaced: (() => void)[] = []
  const replace = (target: object, name: string, value: () => unknown): void => {
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
    replaced.push(() => {
      if (Object.getOwnPropertyDescriptor(target, name)?.get !== ours) return
      if (before === undefined) Reflect.deleteProperty(target, name)
      else Object.defineProperty(target, name, before)
    })
  }
  /** By assignment where that works: defining a getter gives the request a shape of its own. */
  const substitute = (name: 'headers' | 'rawHeaders' | 'headersDistinct', value: object): void => {
    const before: unknown = name === 'headersDistinct' ? undefined : request[name]
    if (!Reflect.set(request, name, value) || request[name] !== value) {
      replace(request, name, () => value)
      return
    }
    replaced.push(() => {
      if (request[name] === value) Reflect.set(request, name, before)
    })
  }
  substitute('headers', watched.fields)
  substitute(
    'rawHeaders',
    filledWhenRead<string>([], (all) => {
      noteAll()
      for (const [name, value] of Object.entries(shown)) all.push(name, String(value))
    }),
  )
  substitute(
    'headersDistinct',
    filledWhenRead({}, (all) => {
      noteAll()
      for (const [name, value] of Object.entries(shown)) Reflect.set(all, name, [value].flat())
    }),
  )
  for (const name of PERSONAL) {
    const value: unknown = Reflect.get(subject, name)
    if (value === undefined || value === null) continue
    guarded = true
    replace(subject, name, () => {
      if (counts()) {
        if (handed) view.personalLate = true
        else view.personal = true
      }
      return value
    })
  }
  const view: RequestView & { personal: boolean; personalLate: boolean } = {
    get read() {
      watched.settle()
      return read
    },
    personal: false,
    personalLate: false,
    guarded,
    handOver() {
      handed = true
    },
    unnoted(inside) {
      const before = noting
      noting = false
      try {
        return inside()
      } finally {
        noting = before
      }
    },
    end() {
      noting = false
      for (const restore of replaced) restore()
      replaced.length = 0
      if (written === undefined) return
      for (const [name, value] of written) {
        if (value === undefined) Reflect.deleteProperty(request.headers, name)
        else Reflect.set(request.headers, name, value)
      }
      written = undefined
    },
  }
  return view
}

/** A list or an object that is filled when somebody first looks at it. */
function filledWhenRead<Item>(all: Item[], fill: (all: Item[]) => void): Item[]
function filledWhenRead(all: object, fill: (all: object) => void): object
function filledWhenRead<All extends object>(all: All, fill: (all: All) => void): All {
  let filled = false
  const look = (): void => {
    if (!filled) fill(all)
    filled = true
  }
  return new Proxy(all, {
    get(target, name) {
      look()
      return Reflect.get(target, name)
    },
    has(target, name) {
      look()
      return Reflect.has(target, name)
    },
    ownKeys(target) {
      look()
      return Reflect.ownKeys(target)
    },
    getOwnPropertyDescriptor(target, name) {
      look()
      return Reflect.getOwnPropertyDescriptor(target, name)
    },
  })
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
