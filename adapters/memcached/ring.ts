/**
 * Which server a name lives on: consistent hashing, after Karger and others (1997) and the ketama library of Last.fm.
 *
 * Each server takes many points on a circle of 2^32, and a name belongs to the first point at or after its own place.
 * The points follow from a server's name alone, so the order of the list does not matter and every process computes
 * the same circle. A server that is added takes about 1/n of the names, evenly from all others, and no name moves
 * between the others.
 *
 * A server that does not answer keeps its names. Were they moved to another one for the time being, a name dropped
 * there would come back old once the first server is reachable again.
 */

/** How many points a server of weight 1 takes: the shares of two equal servers then differ by a few percent. */
const POINTS = 160

export interface RingMember {
  /** Identity on the circle, the same in every process. */
  readonly name: string
  /** Share of the names, relative to the other members. */
  readonly weight: number
}

export class Ring<Member extends RingMember> {
  readonly #only: Member | undefined
  readonly #places: Uint32Array
  readonly #members: readonly Member[]

  /** `members`: at least one, no name twice. */
  constructor(members: readonly Member[]) {
    const points = members.flatMap((member) =>
      Array.from({ length: Math.max(1, Math.round(POINTS * member.weight)) }, (_, index) => ({
        place: placeOf(`${member.name}-${index}`),
        member,
      })),
    )
    // Two points on one place are rare, and then the smaller name comes first in every process.
    points.sort((a, b) => a.place - b.place || (a.member.name < b.member.name ? -1 : 1))
    this.#only = members.length === 1 ? members[0] : undefined
    this.#places = Uint32Array.from(points, (point) => point.place)
    this.#members = points.map((point) => point.member)
  }

  /** The member that `name` belongs to. */
  of(name: string): Member {
    if (this.#only !== undefined) return this.#only
    const place = placeOf(name)
    const places = this.#places
    let low = 0
    let high = places.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (places[middle]! < place) low = middle + 1
      else high = middle
    }
    return this.#members[low === places.length ? 0 : low]!
  }
}

/** FNV-1a with the finalizer of MurmurHash3: names that differ in their last digit lie far apart. */
function placeOf(name: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < name.length; index++) {
    hash = Math.imul(hash ^ name.charCodeAt(index), 0x01000193)
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
