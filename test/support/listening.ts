import { once } from 'node:events'
import { createServer, type RequestListener, Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** An HTTP server of a test. */
export interface Listening {
  readonly port: number
  readonly url: string
  /** Ends it, with the connections that are still open. */
  readonly close: () => Promise<void>
}

/** Serves on a free port of this machine. */
export async function listen(application: RequestListener | Server): Promise<Listening> {
  const server = application instanceof Server ? application : createServer(application)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    close: async () => {
      if (!server.listening) return
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
