import { parseArgs } from 'node:util'

export interface Arguments {
  /** Parts of names: `hit` is every scenario with `hit` in its name. Empty: all. */
  readonly only: readonly string[]
  readonly isQuick: boolean
  readonly isJson: boolean
  readonly isList: boolean
  readonly profile: boolean
}

export const USAGE = `npm run bench -- [part of a name ...] [--quick] [--json] [--list] [--profile]

  --quick    each for a moment; only what does not depend on time is judged
  --json     numbers on standard output, nothing else
  --list     names what there is
  --profile  a CPU profile and a flame graph of keepfresh for each scenario named, in benchmarks/profiles
`

export function parse(argv: readonly string[]): Arguments {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      profile: { type: 'boolean', default: false },
    },
  })
  const { quick, json, list, profile } = values
  return { only: positionals, isQuick: quick, isJson: json, isList: list, profile }
}

export function isWanted(name: string, only: readonly string[]): boolean {
  return only.length === 0 || only.some((part) => name.includes(part))
}
