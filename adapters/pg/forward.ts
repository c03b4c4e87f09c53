/**
 * An object that is `target` in all but its own properties: an instance of the same classes, whose methods work on `target` itself, so
 * that what they keep there (listeners, private fields, "ending") is one and the same. A method that returns `target` returns the
 * object, so calls chain.
 */
export function forwardAll<T extends object, Own extends object>(target: T, own: Own): T & Own {
  const forwarding = Object.create(target) as T & Own
  const taken = new Set<PropertyKey>(['constructor', ...Reflect.ownKeys(own)])
  for (
    let at = target as object | null;
    at !== null && at !== Object.prototype;
    at = Object.getPrototypeOf(at) as object | null
  ) {
    for (const name of Reflect.ownKeys(at)) {
      if (taken.has(name)) continue
      const found = Object.getOwnPropertyDescriptor(at, name)
      taken.add(name)
      if (found !== undefined) {
        const isMethod = at !== target && typeof found.value === 'function'
        Object.defineProperty(forwarding, name, forwarded(name, found, isMethod))
      }
    }
  }
  for (const name of Reflect.ownKeys(own)) {
    const value: unknown = Reflect.get(own, name)
    Object.defineProperty(forwarding, name, {
      value,
      configurable: true,
      writable: true,
      enumerable: true,
    })
  }
  return forwarding

  function forwarded(
    name: PropertyKey,
    { enumerable }: PropertyDescriptor,
    isMethod: boolean,
  ): PropertyDescriptor {
    const common = { configurable: true, enumerable: enumerable === true }
    if (!isMethod) {
      return {
        ...common,
        get: () => Reflect.get(target, name),
        set: (now: unknown) => void Reflect.set(target, name, now),
      }
    }
    return {
      ...common,
      writable: true,
      value: (...args: readonly unknown[]): unknown => {
        const method = Reflect.get(target, name) as (...args: readonly unknown[]) => unknown
        const result = method.apply(target, [...args])
        return result === target ? forwarding : result
      },
    }
  }
}
