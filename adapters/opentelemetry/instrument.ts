import {
  metrics,
  SpanKind,
  SpanStatusCode,
  trace,
  type Attributes,
  type Meter,
  type ObservableResult,
  type Tracer,
} from '@opentelemetry/api'
import type { Cache } from '../../src/cache/cache.js'
import type { CacheStats } from '../../src/cache/events.js'
import { invalidOption } from '../../src/base/errors.js'

export interface InstrumentOptions {
  /** Where numbers go; `false` for none. Default: the global meter provider's meter `keepfresh`. */
  readonly meter?: Meter | false | undefined
  /** Where the spans of loads go; `false` for none. Default: the global tracer provider's tracer `keepfresh`. */
  readonly tracer?: Tracer | false | undefined
  /** Names the cache in `cache.name` when there are several. Default: none. */
  readonly name?: string | undefined
}

/**
 * Tells OpenTelemetry what a cache does; returns what ends that.
 *
 * Counters are read from `cache.stats()` when a reader collects, so they cost nothing in between, and a hit costs nothing at
 * all. Loads are measured and traced when they end: one span per load, with its beginning as it was, under the span of the
 * read that began it. Nothing is measured while no SDK is installed.
 *
 * The conventions name no metrics for caches in a process; names follow their rules (a namespace, units apart, `error.type`).
 */
export function instrument(cache: Cache, options: InstrumentOptions = {}): () => void {
  if (typeof cache?.stats !== 'function') throw invalidOption('cache', 'a cache', cache)
  const { name } = options
  const common: Attributes = name === undefined ? {} : { 'cache.name': name }
  const meter = options.meter === undefined ? metrics.getMeter('keepfresh') : options.meter
  const tracer = options.tracer === undefined ? trace.getTracer('keepfresh') : options.tracer
  const ends = [
    ...(meter ? measure(cache, meter, common) : []),
    ...(tracer ? traceLoads(cache, tracer, common) : []),
  ]
  return () => ends.splice(0).forEach((end) => end())
}

interface Reading {
  readonly value: number
  readonly attributes?: Attributes
}

interface Instrument {
  readonly name: string
  readonly kind: 'counter' | 'upDownCounter' | 'gauge'
  readonly unit: string
  readonly description: string
  readonly read: (stats: CacheStats) => readonly Reading[]
}

const INSTRUMENTS: readonly Instrument[] = [
  {
    name: 'cache.reads',
    kind: 'counter',
    unit: '{read}',
    description: 'Reads, by how they ended.',
    read: ({ hits, staleHits, misses, bypasses }) => [
      { value: hits, attributes: { 'cache.result': 'hit' } },
      { value: staleHits, attributes: { 'cache.result': 'stale' } },
      { value: misses, attributes: { 'cache.result': 'miss' } },
      { value: bypasses, attributes: { 'cache.result': 'bypass' } },
    ],
  },
  {
    name: 'cache.tier.hits',
    kind: 'counter',
    unit: '{read}',
    description: 'Reads that a tier answered.',
    read: ({ hitsByTier }) =>
      Object.entries(hitsByTier).map(([tier, value]) => ({
        value,
        attributes: { 'cache.tier': tier },
      })),
  },
  counter('cache.loads', '{load}', 'Calls of loaders.', ({ loads }) => loads),
  counter('cache.load.errors', '{load}', 'Loaders that failed.', ({ loadErrors }) => loadErrors),
  counter('cache.refreshes', '{load}', 'Loads behind an answer.', ({ refreshes }) => refreshes),
  counter('cache.fills', '{entry}', 'Values that were kept.', ({ fills }) => fills),
  counter('cache.unkept', '{entry}', 'Values that were not kept.', ({ unkept }) => unkept),
  counter(
    'cache.invalidations',
    '{invalidation}',
    'Invalidations, those of other processes included.',
    ({ invalidations }) => invalidations,
  ),
  counter('cache.evictions', '{entry}', 'Entries that made room.', ({ evictions }) => evictions),
  counter('cache.errors', '{error}', 'Failures that no caller is told of.', ({ errors }) => errors),
  counter('cache.audits', '{read}', 'Hits that were checked.', ({ audits }) => audits),
  counter(
    'cache.audit.findings',
    '{read}',
    'Hits that were found to be wrong.',
    ({ auditFindings }) => auditFindings,
  ),
  level('cache.entries', '{entry}', 'Entries in process memory.', ({ entries }) => entries),
  level('cache.memory', 'By', 'Weight of the entries in process memory.', ({ bytes }) => bytes),
  level('cache.loading', '{load}', 'Loads that run.', ({ loading }) => loading),
  level(
    'cache.invalidations.pending',
    '{invalidation}',
    'Invalidations that could not be delivered yet.',
    ({ pending }) => pending,
  ),
  {
    name: 'cache.server.available',
    kind: 'gauge',
    unit: '1',
    description: '1 while a server is asked, 0 while it counts as down.',
    read: ({ servers }) =>
      servers.map(({ tier, server, circuit }) => ({
        value: circuit === 'closed' ? 1 : 0,
        attributes: { 'cache.tier': tier, 'server.address': server },
      })),
  },
]

function counter(
  name: string,
  unit: string,
  description: string,
  read: (stats: CacheStats) => number,
): Instrument {
  return { name, kind: 'counter', unit, description, read: (stats) => [{ value: read(stats) }] }
}

function level(
  name: string,
  unit: string,
  description: string,
  read: (stats: CacheStats) => number,
): Instrument {
  return {
    name,
    kind: 'upDownCounter',
    unit,
    description,
    read: (stats) => [{ value: read(stats) }],
  }
}

/** Buckets of the durations of loads, in seconds: those that the conventions give for requests. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]

function measure(cache: Cache, meter: Meter, common: Attributes): (() => void)[] {
  const ends = INSTRUMENTS.map(({ name, kind, unit, description, read }) => {
    const options = { unit, description }
    const made =
      kind === 'counter'
        ? meter.createObservableCounter(name, options)
        : kind === 'gauge'
          ? meter.createObservableGauge(name, options)
          : meter.createObservableUpDownCounter(name, options)
    const observe = (result: ObservableResult): void => {
      for (const { value, attributes } of read(cache.stats())) {
        result.observe(value, { ...common, ...attributes })
      }
    }
    made.addCallback(observe)
    return () => made.removeCallback(observe)
  })
  const duration = meter.createHistogram('cache.load.duration', {
    unit: 's',
    description: 'How long loaders took.',
    advice: { explicitBucketBoundaries: BUCKETS },
  })
  const bus = meter.createCounter('cache.bus.losses', {
    unit: '{loss}',
    description: 'Times that messages of other processes could not be heard.',
  })
  const failures = meter.createCounter('cache.operation.errors', {
    unit: '{error}',
    description: 'Failures that no caller is told of, by operation.',
  })
  return [
    ...ends,
    cache.on('load', ({ ms, error }) =>
      duration.record(
        ms / 1_000,
        error === undefined ? common : { ...common, 'error.type': typeOf(error) },
      ),
    ),
    cache.on('bus', ({ state }) => {
      if (state === 'down') bus.add(1, common)
    }),
    cache.on('error', ({ error, operation, tier }) =>
      failures.add(1, {
        ...common,
        'cache.operation': operation,
        ...(tier === undefined ? {} : { 'cache.tier': tier }),
        'error.type': typeOf(error),
      }),
    ),
  ]
}

function traceLoads(cache: Cache, tracer: Tracer, common: Attributes): (() => void)[] {
  return [
    cache.on('load', ({ key, ms, error }) => {
      const end = Date.now()
      const span = tracer.startSpan('cache.load', {
        kind: SpanKind.INTERNAL,
        startTime: end - ms,
        attributes: { ...common, 'cache.key': key },
      })
      if (error !== undefined) {
        span.recordException(error as Error)
        span.setAttribute('error.type', typeOf(error))
        span.setStatus({ code: SpanStatusCode.ERROR, message: typeOf(error) })
      }
      span.end(end)
    }),
  ]
}

/** Short and of few kinds: the code where there is one, else the class. */
function typeOf(error: unknown): string {
  const { code, name } = (error ?? {}) as { readonly code?: unknown; readonly name?: unknown }
  if (typeof code === 'string') return code
  return typeof name === 'string' ? name : '_OTHER'
}
