#!/usr/bin/env node
/** The command `keepfresh`. What it can do is in folders of adapters; so far there is one. */
import { POSTGRES_USAGE, postgresCommand } from './command.js'

const [area, ...rest] = process.argv.slice(2)
try {
  if (area === undefined || ['help', '--help', '-h'].includes(area))
    process.stdout.write(POSTGRES_USAGE)
  else if (area === 'postgres') process.stdout.write(await postgresCommand(rest, process.env))
  else throw new Error(`keepfresh knows "postgres", not "${area}"`)
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
