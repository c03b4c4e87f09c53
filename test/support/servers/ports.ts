import { createSocket } from 'node:dgram'
import { createServer } from 'node:net'

// Below the ports that systems hand out for outgoing connections (32768 and up on Linux), so that no connection takes the port of a server
// between its stop and its restart.
const LOWEST = 20_000
const HIGHEST = 32_000

/**
 * Finds a loopback port that nothing listens on, and keeps it for this process: no other call, in whichever process, is given it while this one
 * lives. A server may start late on it, or stop and come back, and so may one that is started by another test.
 */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 200; tries++) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST))
    const release = await reserve(port)
    if (release === undefined) continue
    if (await isFree(port)) return port
    release()
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

/** Takes the number where no server of ours wants it: as a port of UDP, which one process at a time can have, and none beyond its end. */
function reserve(port: number): Promise<(() => void) | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4')
      .once('error', () => {
        socket.close()
        resolve(undefined)
      })
      .bind({ port, address: '127.0.0.1', exclusive: true }, () => {
        socket.unref()
        resolve(() => socket.close())
      })
  })
}
