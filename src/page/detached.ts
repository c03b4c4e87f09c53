import { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import type { FieldLine } from '../http/index.js'

/** A request that no visitor sent, and the response to it that no visitor gets. */
export interface DetachedPair {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

/** A connection that takes everything and gives nothing. */
class Nowhere extends Duplex {
  readonly encrypted: boolean
  readonly remoteAddress = '127.0.0.1'

  constructor(encrypted: boolean) {
    super()
    this.encrypted = encrypted
  }

  override _read(): void {}

  override _write(_chunk: unknown, _encoding: BufferEncoding, done: () => void): void {
    done()
  }

  setTimeout(): this {
    return this
  }

  setNoDelay(): this {
    return this
  }

  setKeepAlive(): this {
    return this
  }
}

/** Makes a GET request for `target` with exactly these fields, for the application to answer into nowhere. */
export function createDetached(
  target: string,
  lines: readonly FieldLine[],
  encrypted: boolean,
): DetachedPair {
  const socket = new Nowhere(encrypted) as unknown as Socket
  const request = new IncomingMessage(socket)
  request.method = 'GET'
  request.url = target
  request.httpVersion = '1.1'
  request.httpVersionMajor = 1
  request.httpVersionMinor = 1
  for (const [name, value] of lines) {
    request.headers[name] = value
    request.rawHeaders.push(name, value)
  }
  request.complete = true
  request.push(null)
  const response = new ServerResponse(request)
  response.assignSocket(socket)
  return { request, response }
}
