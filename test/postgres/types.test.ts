import type { Client, ClientConfig, Pool } from 'pg'
import { expectTypeOf, test } from 'vitest'
import type { PgClient } from '../../adapters/postgres/client.js'
import type { Asked, ChangeSink, ConnectionOptions } from '../../adapters/postgres/index.js'
import type { Queries } from '../../src/query/index.js'

test('the real client, and the queries, fit the slices of them that are used', () => {
  expectTypeOf<Client>().toExtend<PgClient>()
  expectTypeOf<Client>().toExtend<Asked>()
  expectTypeOf<Pool>().toExtend<Asked>()
  expectTypeOf<ClientConfig>().toExtend<ConnectionOptions>()
  expectTypeOf<Queries>().toExtend<ChangeSink>()
})
