/**
 * Whether a prototype says "just data": that of `{}`, none at all, or the same of another realm.
 *
 * Fast parsers (of queries, cookies, routes) make objects whose prototype is an empty object without one: data
 * too. What an instance of a class has for a prototype inherits from `Object.prototype`, and is neither.
 */
export function isPlainPrototype(prototype: object | null): boolean {
  if (prototype === Object.prototype || prototype === null) return true
  if (Object.getPrototypeOf(prototype) !== null) return false
  return Object.hasOwn(prototype, 'isPrototypeOf') || Reflect.ownKeys(prototype).length === 0
}
