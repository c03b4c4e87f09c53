import { describe, expect, it } from 'vitest'
import { systemRandom } from '../../src/base/random.js'
import type { CircuitOptions } from '../../src/store/circuit.js'
import { Circuit } from '../../src/store/circuit.js'

/** A circuit whose timers and probes are moved by the test. */
function circuit(options: Partial<CircuitOptions> = {}) {
  const waits: number[] = []
  let run: (() => void) | undefined
  let settle: { resolve(): void; reject(error: Error): void } | undefined
  const changes: string[] = []
  const made = new Circuit({
    clock: {
      now: () => 0,
      after(ms, task) {
        waits.push(ms)
        run = task
        return () => (run = undefined)
      },
    },
    random: { ...systemRandom, fraction: () => 1 },
    probe: () =>
      new Promise<void>((resolve, reject) => {
        settle = { resolve, reject }
      }),
    onChange: (state, reason) =>
      changes.push(reason === undefined ? state : `${state}: ${reason.message}`),
    ...options,
  })
  return {
    circuit: made,
    waits,
    changes,
    scheduled: () => run !== undefined,
    tick: () => {
      const task = run
      run = undefined
      task!()
    },
    answer: async (error?: Error) => {
      if (error === undefined) settle!.resolve()
      else settle!.reject(error)
      await new Promise((resolve) => setImmediate(resolve))
    },
  }
}

describe('Circuit', () => {
  it('opens after three failures in a row', () => {
    const { circuit: c, changes } = circuit()
    c.failed(new Error('late'))
    c.failed(new Error('late'))
    expect(c.closed).toBe(true)
    c.failed(new Error('late'))
    expect(c.closed).toBe(false)
    expect(changes).toEqual(['open: late'])
    expect(c.reason?.message).toBe('late')
  })

  it('stays closed when a success comes between', () => {
    const { circuit: c } = circuit()
    for (let n = 0; n < 10; n++) {
      c.failed(new Error('late'))
      c.failed(new Error('late'))
      c.succeeded()
    }
    expect(c.closed).toBe(true)
  })

  it('opens at once when the connection is lost', () => {
    const { circuit: c } = circuit()
    c.lost(new Error('reset'))
    expect(c.state).toBe('open')
  })

  it('is closed by a probe and by nothing else', async () => {
    const { circuit: c, tick, answer, changes } = circuit()
    c.lost(new Error('reset'))
    c.succeeded()
    expect(c.state).toBe('open')
    tick()
    expect(c.state).toBe('half-open')
    expect(c.closed).toBe(false)
    c.succeeded()
    c.failed(new Error('late'))
    c.lost(new Error('again'))
    expect(c.state).toBe('half-open')
    await answer()
    expect(c.state).toBe('closed')
    expect(changes).toEqual(['open: reset', 'half-open: reset', 'closed'])
  })

  it('waits longer after each probe that fails, up to a bound, and begins anew once closed', async () => {
    const { circuit: c, tick, answer, waits } = circuit()
    c.lost(new Error('reset'))
    for (let n = 0; n < 6; n++) {
      tick()
      await answer(new Error('refused'))
      expect(c.state).toBe('open')
    }
    expect(waits).toEqual([100, 200, 400, 800, 1_600, 2_000, 2_000])
    tick()
    await answer()
    c.lost(new Error('reset'))
    expect(waits.at(-1)).toBe(100)
  })

  it('spreads the probes of many processes over half of the wait', () => {
    const waits = [0, 0.5, 0.999].map((fraction) => {
      const made = circuit({ random: { ...systemRandom, fraction: () => fraction } })
      made.circuit.lost(new Error('reset'))
      return made.waits[0]!
    })
    expect(waits[0]).toBe(50)
    expect(waits[1]).toBe(75)
    expect(waits[2]).toBeCloseTo(100, 0)
  })

  it('ends with no timer, and an answer that comes later changes nothing', async () => {
    const open = circuit()
    open.circuit.lost(new Error('reset'))
    open.circuit.end()
    expect(open.scheduled()).toBe(false)

    const probing = circuit()
    probing.circuit.lost(new Error('reset'))
    probing.tick()
    probing.circuit.end()
    await probing.answer(new Error('refused'))
    expect(probing.scheduled()).toBe(false)
    expect(probing.circuit.state).toBe('half-open')
  })
})
