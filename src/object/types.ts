import type { Duration } from '../base/duration.js'
import type { LoaderContext } from '../cache/context.js'
import type { LifetimeOptions } from '../cache/options.js'

/** What identifies an object. */
export type Id = string | number | bigint

/** The order of a part's states: later is greater. A text is compared by its code units, so it has to be of one length or padded. */
export type PartVersion = number | bigint | Date | string

/** A piece of an object that comes from a source of its own and changes at its own pace. */
export interface Part<I extends Id, T> {
  /** Loads the part of one object. `null` is a value; `undefined` says that there is no such object. */
  readonly load?:
    ((id: I, context: LoaderContext) => T | undefined | Promise<T | undefined>) | undefined
  /** Loads the part of many objects in one call: one result per id, in their order, or a `Map` by id. Preferred where both are given. */
  readonly loadMany?:
    | ((
        ids: readonly I[],
      ) =>
        | readonly (T | Error | undefined)[]
        | ReadonlyMap<I, T>
        | Promise<readonly (T | Error | undefined)[] | ReadonlyMap<I, T>>)
    | undefined
  /** How long the part is fresh; past it only this part is loaded again. Default: the object's `ttl`. */
  readonly ttl?: Duration | undefined
  /** When it fails the object is there without it, and it is tried again after `retry`. Default: false. */
  readonly optional?: boolean | undefined
  /** How soon an optional part that failed is tried again. Default: 10 seconds. */
  readonly retry?: Duration | undefined
  /** Labels to invalidate by, beyond those that the load inherits. */
  readonly tags?: ((id: I) => readonly string[]) | undefined
  /** The version of a loaded value, so that an update that is older does not replace it. Default: unknown. */
  readonly version?: ((value: T) => PartVersion) | undefined
}

// The parts of one definition differ in type; each is checked where it is written.
// oxlint-disable-next-line typescript/no-explicit-any
export type Parts<I extends Id> = Readonly<Record<string, Part<I, any>>>

type Result<P> = P extends { readonly load: (...args: never[]) => infer R }
  ? Exclude<Awaited<R>, undefined>
  : P extends { readonly loadMany: (...args: never[]) => infer R }
    ? Awaited<R> extends ReadonlyMap<never, infer T>
      ? T
      : Awaited<R> extends readonly (infer T)[]
        ? Exclude<T, Error | undefined>
        : never
    : never

type OptionalNames<P> = {
  [Name in keyof P]: P[Name] extends { readonly optional: true } ? Name : never
}[keyof P]

/** The object as its parts make it. An optional part is missing where it could not be loaded. */
export type Assembled<P> = {
  readonly [Name in Exclude<keyof P, OptionalNames<P>>]: Result<P[Name]>
} & { readonly [Name in OptionalNames<P>]?: Result<P[Name]> }

export interface ObjectOptions<I extends Id, P extends Parts<I>, By, Instance> extends Omit<
  LifetimeOptions,
  'jitter'
> {
  readonly parts: P & Parts<I>
  /** Other keys, each made from the object: `{ handle: (product) => product.description.handle }`. */
  readonly by?: { readonly [Name in keyof By]: (object: Assembled<P>) => By[Name] } | undefined
  /** Finds the id for another key that no kept object has. Default: nothing is found then. */
  readonly find?:
    | { readonly [Name in keyof By]?: (value: By[Name]) => I | undefined | Promise<I | undefined> }
    | undefined
  /** Makes the instance that callers get, from the object as it is kept. Called on each read. */
  readonly revive?: ((object: Assembled<P>, id: I) => Instance) | undefined
  /** More labels for the whole object. It always carries `Name:id`. */
  readonly tags?: ((id: I) => readonly string[]) | undefined
}

export interface UpdateOptions {
  /** The version of what is given: an older one replaces nothing. */
  readonly version?: PartVersion | undefined
}

/** How an update ended. */
export type ObjectUpdate =
  /** The kept object has the new parts. */
  | 'updated'
  /** What is kept is newer: it stays. */
  | 'older'
  /** The object was made invalid instead, and is loaded at its next read. */
  | 'invalidated'
