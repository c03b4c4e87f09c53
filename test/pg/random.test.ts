import { budget, testRandomly } from '../query/suite/random.js'
import { postgres } from './engine.js'

testRandomly(postgres, budget(1_500))
