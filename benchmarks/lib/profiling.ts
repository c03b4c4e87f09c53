import { Session } from 'node:inspector/promises'

const session = new Session()

/** For a worker: its own CPU profile, a sample each 100 µs, between two calls. */
export const profiling = {
  async profileStart(): Promise<void> {
    session.connect()
    await session.post('Profiler.enable')
    await session.post('Profiler.setSamplingInterval', { interval: 100 })
    await session.post('Profiler.start')
  },

  async profileStop(): Promise<unknown> {
    const { profile } = await session.post('Profiler.stop')
    session.disconnect()
    return profile
  },
} as const
