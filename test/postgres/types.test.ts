import type { Client, ClientConfig } from 'pg'
import { expectTypeOf, test } from 'vitest'
import type { ConnectionOptions, PgClient } from '../../adapters/postgres/client.js'

test('the real client fits the slice of it that is used', () => {
  expectTypeOf<Client>().toExtend<PgClient>()
  expectTypeOf<ClientConfig>().toExtend<ConnectionOptions>()
})
