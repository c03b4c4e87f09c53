export { listenForChanges } from './listen.js'
export type { Listening, ListenOptions } from './listen-options.js'
export {
  dropPublicationSql,
  publicationSql,
  type PublicationOptions,
  type PublishedTable,
} from './publication.js'
export { replicateChanges } from './replicate.js'
export type { ReplicateOptions, ReplicationSink } from './replicate-options.js'
export { selectTables, type TableSelection, type WatchedTable } from './tables.js'
export { dropTriggersSql, triggersSql, type TriggerOptions } from './triggers.js'
export type { ConnectionOptions } from './client.js'
export type { OutsideEvent } from './events.js'
export type { ChangeSink } from './sink.js'
