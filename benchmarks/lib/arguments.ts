import { parseArgs } from 'node:util'

export interface Arguments {
  /** Parts of names: `hit` is every scenario with `hit` in its name. Empty: all. */
  readonly only: readonly string[]
  readonly isQuick: boolean
  readonly isJson: boolean
  readonly isList: boolean
  readonly profile: boolean
  /** Parts of entrants' names. Empty: all. */
  readonly with: readonly string[]
}

export const USAGE = `npm run bench -- [part of a name ...] [--with part,part] [--quick] [--json] [--list] [--profile]

  --with     only entrants with one of these in their names (the floor too, or there are no ratios)
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
      with: { type: 'string', default: '' },
    },
  })
  const { quick, json, list, profile } = values
  const parts = values.with.split(',').filter((part) => part !== '')
  return {
    only: positionals,
    isQuick: quick,
    isJson: json,
    isList: list,
    profile,
    with: parts,
  }
}

export function isWanted(name: string, only: readonly string[]): boolean {
  return only.length === 0 || only.some((part) => name.includes(part))
}
