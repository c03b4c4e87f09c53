import type { ServerResponse } from 'node:http'

/** What a response is sent with, as it was before others were put in their place. */
export interface OwnMethods {
  readonly writeHead: (...args: unknown[]) => ServerResponse
  readonly write: (...args: unknown[]) => boolean
  readonly end: (...args: unknown[]) => ServerResponse
  readonly flushHeaders: () => void
}

export function ownMethods(response: ServerResponse): OwnMethods {
  return {
    writeHead: response.writeHead.bind(response) as OwnMethods['writeHead'],
    write: response.write.bind(response) as OwnMethods['write'],
    end: response.end.bind(response) as OwnMethods['end'],
    flushHeaders: response.flushHeaders.bind(response),
  }
}
