import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { scratchDirectory } from '../scratch.js'
import { startPasswordCheck } from './saslauthd.js'
import { startServer, type Server } from './server.js'

export interface MemcachedServer extends Server {
  /** Sends one line of the text protocol and answers what came back: `command('flush_all')`. Not with SASL, which refuses that protocol. */
  command(line: string): Promise<string>
  /** The numbers of `stats`, by name. */
  stats(): Promise<Record<string, string>>
}

export interface MemcachedOptions {
  /** More arguments: `['-I', '2m']`. */
  readonly args?: readonly string[]
  /** A port from `freePort`, for a server that is not there at first. Default: any free one. */
  readonly port?: number
  /** Asks for this name and password (SASL PLAIN, binary protocol only). Default: nothing is asked. */
  readonly sasl?: { readonly username: string; readonly password: string }
}

const BASE = ['--listen=127.0.0.1', '--udp-port=0', '--threads=2']

/** Starts an empty `memcached` with 64 MB. */
export async function startMemcached(options: MemcachedOptions = {}): Promise<MemcachedServer> {
  const { args = [], sasl } = options
  const access = sasl && (await saslAccess(sasl))
  const asRoot = process.getuid?.() === 0 ? ['--user=root'] : []
  const server = await startServer({
    name: 'memcached',
    port: options.port,
    command: ({ port }) => ({
      file: 'memcached',
      args: [`--port=${port}`, ...BASE, ...asRoot, ...(sasl ? ['--enable-sasl'] : []), ...args],
      ...(access && { env: { SASL_CONF_PATH: access } }),
    }),
    ready: (port) => exchange(port, sasl ? BINARY_VERSION : 'version\r\n', answersOnce),
    url: (port) => `127.0.0.1:${port}`,
  })
  return Object.assign(server, {
    command: (line: string) => exchange(server.port, `${line}\r\n`, textIsWhole),
    async stats() {
      const text = await exchange(server.port, 'stats\r\n', textIsWhole)
      return Object.fromEntries(
        [...text.matchAll(/^STAT (\S+) (.*?)\r?$/gm)].map(([, name = '', value = '']) => [
          name,
          value,
        ]),
      )
    },
  })
}

// A request without key, extras or value: magic 0x80, opcode 0x0b (version), then zeros up to 24 bytes.
const BINARY_VERSION = Buffer.concat([Buffer.from([0x80, 0x0b]), Buffer.alloc(22)])

const answersOnce = (text: string): boolean => text.length > 0
const textIsWhole = (text: string): boolean =>
  /(^|\r\n)(END|OK|STORED|NOT_STORED|EXISTS|DELETED|TOUCHED|NOT_FOUND|RESET|VERSION .*|\d+|(CLIENT_|SERVER_)?ERROR.*)\r\n$/.test(
    text,
  )

async function exchange(
  port: number,
  request: string | Buffer,
  isWhole: (text: string) => boolean,
): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', timeout: 5_000 })
  socket.once('timeout', () => socket.destroy(new Error('memcached does not answer')))
  try {
    await once(socket, 'connect')
    socket.write(request)
    let text = ''
    for await (const chunk of socket) {
      text += (chunk as Buffer).toString('latin1')
      if (isWhole(text)) return text
    }
    throw new Error(`memcached closed the connection after ${JSON.stringify(text)}`)
  } finally {
    socket.destroy()
  }
}

/** Makes a directory that tells the server's SASL library to ask us about passwords. */
async function saslAccess(allowed: { username: string; password: string }): Promise<string> {
  const directory = scratchDirectory('sasl')
  await mkdir(directory, { recursive: true })
  const socket = join(directory, 'mux')
  await startPasswordCheck(socket, allowed)
  const config = ['mech_list: plain', 'pwcheck_method: saslauthd', `saslauthd_path: ${socket}`, '']
  await writeFile(join(directory, 'memcached.conf'), config.join('\n'))
  return directory
}
