import { testTransactions } from '../query/suite/transactions.js'
import { postgres } from './engine.js'

testTransactions(postgres)
