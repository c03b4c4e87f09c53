/** What is cached: a record as a table has it, 200 bytes as JSON. */
export interface Value {
  readonly id: number
  readonly name: string
  readonly email: string
  readonly address: { readonly street: string; readonly city: string }
  readonly isActive: boolean
  readonly score: number
  readonly roles: readonly string[]
  readonly note: string
}

/** A new object at each call, the same for the same number. */
export function valueOf(n: number): Value {
  const value = {
    id: n,
    name: `Customer Number ${n}`,
    email: `customer${n}@example.com`,
    address: { street: `${n % 999} Main Street`, city: 'Springfield' },
    isActive: n % 2 === 0,
    score: (n % 1000) / 8,
    roles: ['reader', 'editor'],
  }
  const length = JSON.stringify({ ...value, note: '' }).length
  return { ...value, note: 'n'.repeat(Math.max(0, 200 - length)) }
}

/** `prefix` keeps those apart who share a server. */
export function keyOf(prefix: string, n: number): string {
  return `${prefix}:customer:${n}`
}

/** The value behind a key. */
export function valueBehind(key: string): Value {
  return valueOf(Number(key.slice(key.lastIndexOf(':') + 1)))
}
