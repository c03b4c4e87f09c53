import mysql, { type PoolConnection } from 'mysql2/promise'
import { cachedPool } from '../../adapters/mysql2/index.js'
import { withQuestions, type Engine, type Extra, type Row } from '../query/suite/engine.js'
import { startMariadb } from '../support/servers/mariadb.js'

interface Queryable {
  query(options: mysql.QueryOptions, values?: unknown): Promise<[unknown, unknown]>
}

async function ask(
  db: Queryable,
  sql: string,
  values: readonly unknown[] = [],
  extra: Extra = {},
): Promise<Row[]> {
  const [rows] = await db.query({ sql: withQuestions(sql), values: [...values], ...extra })
  return Array.isArray(rows) ? (rows as Row[]) : []
}

/** MariaDB through `keepfresh/mysql2`. */
export const mariadb: Engine = {
  name: 'MariaDB',
  dialect: 'mysql',
  text: 'varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin',
  counted: 'int AUTO_INCREMENT PRIMARY KEY',
  trigger: [
    'CREATE TRIGGER n AFTER UPDATE ON item FOR EACH ROW INSERT INTO note VALUES (NEW.id, NEW.name)',
  ],
  hidden: [
    `CREATE PROCEDURE hidden() BEGIN EXECUTE IMMEDIATE CONCAT('UPDATE ', 'item SET amount = amount + 1 WHERE id = 1'); END`,
  ],
  callHidden: 'CALL hidden()',
  async start() {
    const server = await startMariadb()
    const direct = mysql.createPool({ uri: server.url, connectionLimit: 1 })
    return {
      port: server.port,
      truth: (sql, values) => ask(direct, sql, values),
      open({ connections = 4, port = server.port, lockTimeoutMs, ...options }) {
        const uri = `mysql://root@127.0.0.1:${port}/test`
        const pool = mysql.createPool({ uri, connectionLimit: connections })
        pool.on('connection', (connection: mysql.PoolConnection) => {
          if (lockTimeoutMs !== undefined)
            void connection.query(
              // In whole seconds: below one it does not wait.
              `SET innodb_lock_wait_timeout = ${Math.floor(lockTimeoutMs / 1000)}`,
            )
        })
        const db = cachedPool(pool, { scope: 'shop', ...options })
        return {
          queries: db.queries,
          query: (sql, values, extra) => ask(db, sql, values, extra),
          async session() {
            const connection: PoolConnection = await db.getConnection()
            return {
              query: (sql, values, extra) => ask(connection, sql, values, extra),
              release: () => connection.release(),
            }
          },
          [Symbol.asyncDispose]: () => db.end(),
        }
      },
      async [Symbol.asyncDispose]() {
        await direct.end()
        await server.stop()
      },
    }
  },
}
