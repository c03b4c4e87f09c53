export { FakeClock } from './fake-clock.js'
export { explore, SimulatedServer, World } from './simulation/index.js'
export { testRemoteStore } from './store-suite.js'

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
