/** A list that is filled when somebody first looks at it. */
export function filledWhenRead<Item>(all: Item[], fill: (all: Item[]) => void): Item[] {
  return new Proxy<Item[]>(all, new Filler(fill as (all: object) => void))
}

class Filler implements ProxyHandler<object> {
  #fill: ((all: object) => void) | undefined

  constructor(fill: (all: object) => void) {
    this.#fill = fill
  }

  get(target: object, name: string | symbol): unknown {
    this.#look(target)
    return Reflect.get(target, name)
  }

  has(target: object, name: string | symbol): boolean {
    this.#look(target)
    return Reflect.has(target, name)
  }

  ownKeys(target: object): (string | symbol)[] {
    this.#look(target)
    return Reflect.ownKeys(target)
  }

  getOwnPropertyDescriptor(target: object, name: string | symbol): PropertyDescriptor | undefined {
    this.#look(target)
    return Reflect.getOwnPropertyDescriptor(target, name)
  }

  #look(target: object): void {
    const fill = this.#fill
    this.#fill = undefined
    fill?.(target)
  }
}
