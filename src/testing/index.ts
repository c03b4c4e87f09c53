export { FakeClock } from './fake-clock.js'
export { checkHistory, recordHistory } from './history/index.js'
export { explore, SimulatedServer, World } from './simulation/index.js'
export { testRemoteStore } from './store-suite.js'

export type {
  HistoryActors,
  HistoryOptions,
  HistoryRecord,
  HistoryWork,
  InvalidationRecord,
  LoadRecord,
  ReadRecord,
  Source,
  Violation,
} from './history/index.js'
export type {
  Actor,
  Choose,
  Exploration,
  ExploreOptions,
  Fault,
  Maker,
  Step,
  Weaknesses,
} from './simulation/index.js'
export type { RemoteStoreSuiteOptions, TestFunction } from './store-suite.js'
