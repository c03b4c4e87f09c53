import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
  type MetricData,
} from '@opentelemetry/sdk-metrics'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base'
import { expect, onTestFinished, test } from 'vitest'
import { redisStore } from '../../adapters/redis/index.js'
import { instrument } from '../../adapters/opentelemetry/index.js'
import { createCache, type CacheOptions } from '../../index.js'
import { freePort } from '../support/servers/index.js'

/** A cache, and what OpenTelemetry hears of it. */
function observed(options: CacheOptions = {}) {
  const cache = createCache(options)
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 1_000_000 })
  const meters = new MeterProvider({ readers: [reader] })
  const spans = new InMemorySpanExporter()
  const tracers = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] })
  const end = instrument(cache, {
    meter: meters.getMeter('test'),
    tracer: tracers.getTracer('test'),
    name: 'shop',
  })
  onTestFinished(async () => {
    await cache.close()
    await meters.shutdown()
    await tracers.shutdown()
  })
  const metricsNow = async (): Promise<Map<string, MetricData>> => {
    exporter.reset()
    await meters.forceFlush()
    const all = exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics)
    return new Map(
      all.flatMap(({ metrics }) => metrics).map((metric) => [metric.descriptor.name, metric]),
    )
  }
  /** The values of a metric by its attributes, without the cache's name. */
  const valuesOf = async (name: string): Promise<Record<string, unknown>> =>
    Object.fromEntries(
      ((await metricsNow()).get(name)?.dataPoints ?? []).map(({ attributes, value }) => {
        expect(attributes['cache.name']).toBe('shop')
        const { 'cache.name': _, ...rest } = attributes
        return [Object.values(rest).join(' '), value]
      }),
    )
  return { cache, end, spans, valuesOf, metricsNow }
}

test('reads, loads, entries and tiers are numbers that follow the cache', async () => {
  const { cache, valuesOf } = observed()
  for (let n = 0; n < 3; n++) await cache.getOrSet('k', () => 1)
  await cache.getOrSet('k', () => 2, { fresh: true })
  await cache.invalidateTags('t')
  expect(await valuesOf('cache.reads')).toEqual({ hit: 2, stale: 0, miss: 1, bypass: 1 })
  expect(await valuesOf('cache.tier.hits')).toEqual({ memory: 2 })
  expect(await valuesOf('cache.loads')).toEqual({ '': 2 })
  expect(await valuesOf('cache.entries')).toEqual({ '': 1 })
  expect(await valuesOf('cache.invalidations')).toEqual({ '': 1 })
  expect(await valuesOf('cache.load.duration')).toMatchObject({ '': { count: 2 } })
})

test('a load is a span with its key, and its error where it failed', async () => {
  const { cache, spans } = observed()
  await cache.getOrSet(['product', 5], () => 1)
  await cache
    .getOrSet('broken', () => {
      throw new TypeError('no such table')
    })
    .catch(() => {})
  const [good, bad] = spans.getFinishedSpans()
  expect(good).toMatchObject({
    name: 'cache.load',
    attributes: { 'cache.name': 'shop', 'cache.key': expect.stringContaining('product') as string },
    status: { code: 0 },
  })
  expect(bad).toMatchObject({
    attributes: { 'cache.key': 'broken', 'error.type': 'TypeError' },
    status: { code: 2 },
    events: [{ name: 'exception' }],
  })
})

test('a store that is down is seen: the server is not available, errors by operation, invalidations pending', async () => {
  const port = await freePort()
  const { cache, valuesOf } = observed({
    tiers: [redisStore(`redis://127.0.0.1:${port}`)],
    closeTimeout: 50,
  })
  await cache.getOrSet('k', () => 1)
  await cache.delete('k')
  expect(await valuesOf('cache.server.available')).toEqual({ [`redis 127.0.0.1:${port}`]: 0 })
  expect(await valuesOf('cache.invalidations.pending')).toEqual({ '': 1 })
  expect(await valuesOf('cache.operation.errors')).toMatchObject({
    'read redis CACHE_STORE_UNAVAILABLE': 1,
    'delete redis CACHE_STORE_UNAVAILABLE': 1,
  })
})

test('nothing is told any more after its end, and nothing listens to hits before', async () => {
  const { cache, end, spans, valuesOf } = observed()
  let listened = 0
  const on = cache.on.bind(cache)
  cache.on = (name, listener) => {
    if (name === 'hit') listened++
    return on(name, listener)
  }
  instrument(cache, { meter: false, tracer: false })()
  expect(listened).toBe(0)
  end()
  await cache.getOrSet('k', () => 1)
  expect(spans.getFinishedSpans()).toEqual([])
  expect(await valuesOf('cache.reads')).toEqual({})
})

test('without an SDK it measures nothing and fails nothing', async () => {
  const cache = createCache()
  onTestFinished(() => cache.close())
  const end = instrument(cache)
  expect(await cache.getOrSet('k', () => 1)).toBe(1)
  end()
  expect(() => instrument({} as never)).toThrow('cache')
})
