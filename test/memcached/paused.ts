import { readdirSync, readFileSync } from 'node:fs'
import type { MemcachedServer } from '../support/servers/memcached.js'
import { until } from '../support/until.js'

/** Freezes a server, and waits until each of its threads stands: the signal takes its time. */
export async function pause(server: MemcachedServer): Promise<void> {
  server.pause()
  const tasks = `/proc/${server.pid}/task`
  await until('the server stands still', () =>
    readdirSync(tasks).every((task) =>
      /\) T /.test(readFileSync(`${tasks}/${task}/stat`, 'latin1')),
    ),
  )
}
