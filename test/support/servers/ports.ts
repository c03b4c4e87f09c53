import { createServer } from 'node:net'

// Below the ports that systems hand out for outgoing connections (32768 and up on Linux), so that no connection takes the port of a server
// between its stop and its restart.
const LOWEST = 20_000
const HIGHEST = 32_000

/** Finds a loopback port that nothing listens on. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 200; tries++) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST))
    if (await isFree(port)) return port
  }
  throw new Error('no free port between 20000 and 32000')
}

/** Whether a server could listen on a loopback port now. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer()
      .once('error', () => resolve(false))
      .listen({ port, host: '127.0.0.1', exclusive: true }, () => probe.close(() => resolve(true)))
  })
}
