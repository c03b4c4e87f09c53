import type { PgClient } from './client.js'
import { identifier, literal } from './quote.js'

/**
 * Makes the slot ready on the connection that will use it. True when it goes on where it was left, so that nothing was missed.
 *
 * A temporary slot ends with its connection: nothing is kept on the server for a process that is gone, and what happened meanwhile is
 * not known. A permanent one keeps the log for whoever comes next, on the server's disk; one that has fallen too far behind
 * (`max_slot_wal_keep_size`) is lost, and made anew.
 */
export async function prepareSlot(
  client: PgClient,
  slot: string,
  temporary: boolean,
): Promise<boolean> {
  if (!temporary) {
    const { rows } = await client.query(
      `SELECT plugin, active, database = current_database() AS here, wal_status FROM pg_catalog.pg_replication_slots WHERE slot_name = ${literal(slot)}`,
    )
    const [found] = rows
    // A replication connection of some versions gives texts where others give booleans.
    if (found !== undefined) {
      if (found.plugin !== 'pgoutput' || !isTrue(found.here))
        throw new Error(`the replication slot ${slot} is somebody else's`)
      if (isTrue(found.active))
        throw new Error(`the replication slot ${slot} is in use; it is tried again`)
      if (found.wal_status !== 'lost') return true
      await client.query(`DROP_REPLICATION_SLOT ${identifier(slot)}`)
    }
  }
  const kind = temporary ? 'TEMPORARY ' : ''
  await client.query(
    `CREATE_REPLICATION_SLOT ${identifier(slot)} ${kind}LOGICAL pgoutput NOEXPORT_SNAPSHOT`,
  )
  return false
}

function isTrue(value: unknown): boolean {
  return value === true || value === 't'
}
