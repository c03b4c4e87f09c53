/** The slice of autocannon that the demo calls; it ships no types of its own. */
declare module 'autocannon' {
  import type { EventEmitter } from 'node:events'

  namespace autocannon {
    interface Request {
      readonly method: string
      readonly path: string
      readonly body?: string
      readonly headers?: Readonly<Record<string, string>>
    }
    interface Client {
      setRequests(requests: readonly Request[]): void
    }
    interface Options {
      readonly url: string
      readonly connections: number
      /** Seconds. */
      readonly duration: number
      setupClient(client: Client): void
    }
    interface Run extends EventEmitter, PromiseLike<unknown> {
      on(
        event: 'response',
        listener: (client: Client, status: number, bytes: number, milliseconds: number) => void,
      ): this
      on(event: 'reqError', listener: (error: Error) => void): this
      /** Ends before its time. */
      stop(): void
    }
  }
  function autocannon(options: autocannon.Options): autocannon.Run
  export default autocannon
}
