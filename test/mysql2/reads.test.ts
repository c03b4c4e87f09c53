import { testReads } from '../query/suite/reads.js'
import { mariadb } from './engine.js'

testReads(mariadb)
