import type { LaterFields, Watching } from './watched-fields.js'

/** The same fields with their values in lists (`headersDistinct`). */
export class DistinctFields implements Watching, LaterFields {
  readonly #watching: Watching
  readonly #fields: LaterFields

  constructor(watching: Watching, fields: LaterFields) {
    this.#watching = watching
    this.#fields = fields
  }

  counts(): boolean {
    return this.#watching.counts()
  }

  isNamed(name: string): boolean {
    return this.#watching.isNamed(name)
  }

  onName(name: string): void {
    this.#watching.onName(name)
  }

  onAll(): void {
    this.#watching.onAll()
  }

  onUnclear(): void {
    this.#watching.onUnclear()
  }

  onWrite(): void {
    // What is written into these lists is nowhere else.
  }

  one(name: string): unknown {
    const value = this.#fields.one(name)
    return value === undefined ? undefined : [value].flat()
  }

  fill(fields: object): void {
    this.#fields.fill(fields)
    for (const [name, value] of Object.entries(fields)) Reflect.set(fields, name, [value].flat())
  }
}
