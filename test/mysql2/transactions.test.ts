import { testTransactions } from '../query/suite/transactions.js'
import { mariadb } from './engine.js'

testTransactions(mariadb)
