import { type IncomingMessage, request as send, type ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { isHopByHop, splitList } from 'keepfresh/http'

/**
 * Asks `origin` what `request` asks, and answers what it answers: the status, all fields that are not about one connection,
 * interim responses, the content as it comes, trailers. Answers 502 when the origin does not.
 *
 * Behind a page cache the request is the one that makes the page: without the visitor's conditions and ranges, with the
 * validators of a stale page. They are forwarded like everything else, and so it is the origin that says whether it still holds.
 */
export async function forward(
  origin: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { method = 'GET', url = '/', headers } = request
  const asked = send(new URL(url, origin), {
    method,
    headers: Object.fromEntries(endToEnd(headers)),
  })
  asked.on('information', ({ statusCode, headers: early }) => {
    if (statusCode === 102) response.writeProcessing()
    else if (statusCode === 103) response.writeEarlyHints(Object.fromEntries(endToEnd(early)))
  })
  response.once('close', () => asked.destroy())
  try {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
    asked.on('response', resolve).on('error', reject)
    if (request.complete) asked.end()
    else request.pipe(asked)
    const answered = await promise
    response.statusCode = answered.statusCode ?? 502
    for (const [name, value] of endToEnd(answered.headersDistinct)) {
      response.setHeader(name, value.length === 1 ? value[0]! : value)
    }
    answered.once('end', () => response.addTrailers(answered.trailers))
    // What breaks on the way breaks the answer too, so that nobody takes a part for the whole.
    await pipeline(answered, response)
  } catch {
    if (response.headersSent) response.destroy()
    else response.writeHead(502).end()
  }
}

/** The fields that are for the other end, and not for the next hop only. */
function endToEnd<Value>(
  headers: Readonly<Record<string, Value | undefined>>,
): [name: string, value: Value][] {
  const hidden = splitList(String(headers['connection'] ?? '')).map((name) => name.toLowerCase())
  const kept: [string, Value][] = []
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !isHopByHop(name) && !hidden.includes(name)) kept.push([name, value])
  }
  return kept
}
