export { checkHistory } from './checker.js'
export { recordHistory } from './recorder.js'

export type { HistoryOptions, Violation } from './checker.js'
export type { HistoryActors, HistoryWork, Source } from './recorder.js'
export type { HistoryRecord, InvalidationRecord, LoadRecord, ReadRecord } from './record.js'
