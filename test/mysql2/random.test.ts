import { budget, testRandomly } from '../query/suite/random.js'
import { mariadb } from './engine.js'

testRandomly(mariadb, budget(1_500))
