/** One application in a process of its own. */
import type { AddressInfo } from 'node:net'
import { serve } from '../../test/support/processes.js'
import { profiling } from '../lib/profiling.js'
import { webContenderNamed } from './contenders/index.js'
import { pageOf, type Handler } from './page.js'

let runs = 0

const service = {
  /** Listens; the port. */
  async open(name: string, handler: Handler): Promise<number> {
    const contender = webContenderNamed(name)
    if (contender.kind !== 'application') throw new TypeError(`${name} is a program of its own`)
    const { fields, body } = pageOf(handler)
    const server = await contender.listen({
      fields,
      body(id) {
        runs++
        return body(id)
      },
    })
    if (!server.listening) await new Promise((resolve) => server.once('listening', resolve))
    return (server.address() as AddressInfo).port
  },

  /** How often its handler has run. */
  runs: (): number => runs,

  ...profiling,
}

export type ServerService = typeof service

serve(service)
