import { testReads } from '../query/suite/reads.js'
import { postgres } from './engine.js'

testReads(postgres)
