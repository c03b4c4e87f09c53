import { setTimeout as sleep } from 'node:timers/promises'
import { startWorker } from '../../test/support/processes.js'
import { startServer } from '../../test/support/servers/server.js'
import type { CpuProfile } from '../lib/flame.js'
import type { WebContender } from './contender.js'
import { plainExpress } from './contenders/express.js'
import { pinServers } from './cores.js'
import { cpuSeconds } from './cpu.js'
import type { Handler } from './page.js'
import type { ServerService } from './server.js'

/** A contender that listens, in processes of its own. */
export interface Site {
  readonly contender: WebContender
  readonly port: number
  /** How often the application's handler has run. */
  readonly runs: () => Promise<number>
  /** Seconds that its processes were busy so far; undefined where that cannot be known. */
  readonly cpuSeconds: () => number | undefined
  /** A CPU profile of the application while `task` runs. */
  readonly profile: (task: () => Promise<unknown>) => Promise<CpuProfile>
  readonly close: () => Promise<void>
}

export async function openSite(contender: WebContender, handler: Handler): Promise<Site> {
  const worker = await startWorker<ServerService>(new URL('./server.ts', import.meta.url), {
    // https://expressjs.com/en/advanced/best-practice-performance.html
    env: { NODE_ENV: 'production' },
  })
  const application = contender.kind === 'application' ? contender : plainExpress
  const origin = await worker.call.open(application.name, handler)
  const shared = {
    contender,
    runs: () => worker.call.runs(),
    async profile(task: () => Promise<unknown>) {
      await worker.call.profileStart()
      await task()
      return (await worker.call.profileStop()) as CpuProfile
    },
  }
  if (contender.kind === 'application') {
    pinServers([worker.pid])
    return {
      ...shared,
      port: origin,
      cpuSeconds: () => cpuSeconds([worker.pid]),
      close: () => worker.kill(),
    }
  }
  try {
    const front = await startServer({
      name: contender.program,
      prepare: (place) => contender.prepare(place, origin),
      command: (place) => contender.command(place),
      ready: answers,
      url: (port) => `http://127.0.0.1:${port}`,
      endsPolitely: true,
    })
    pinServers([front.pid, worker.pid])
    return {
      ...shared,
      port: front.port,
      cpuSeconds: () => cpuSeconds([front.pid, worker.pid]),
      async close() {
        await front[Symbol.asyncDispose]()
        await worker.kill()
      },
    }
  } catch (error) {
    await worker.kill()
    throw error
  }
}

async function answers(port: number): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${port}/page/ready`)
  await response.arrayBuffer()
  if (!response.ok) {
    await sleep(100)
    throw new Error(`it answers ${response.status}`)
  }
}
