/**
 * Decides which entry leaves when room is needed. Entries are known by slot; the policy is told of every use and
 * every change, and keeps its own notes beside the slots.
 */
export interface Eviction {
  /** A new entry. */
  add(slot: number, key: string, bytes: number): void
  /** The entry was used. */
  touch(slot: number): void
  /** The entry is gone, or about to be put back. */
  remove(slot: number, bytes: number): void
  /** An entry that was removed is back under the same slot and key, with what was known of its use. */
  putBack(slot: number, bytes: number): void
  /** Visits the slots of all entries. */
  each(visit: (slot: number) => void): void
  /**
   * Chooses an entry and forgets it. To be called only while there is one.
   *
   * @param forBytes whether bytes are short (else the number of entries is)
   * @param bytesOf the weight of the entry in a slot
   */
  evict(forBytes: boolean, bytesOf: (slot: number) => number): number
}
