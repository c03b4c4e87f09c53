/** Which folders are subpaths of the package. The folders say it; `exports` in package.json follows, and a test holds it to that. */
import { globSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Folders of `src` that users import from; the others are how those work. */
const features = ['query', 'object', 'fragment', 'page', 'http', 'testing'].map(
  (name) => `src/${name}/index.ts`,
)

/** Where a subpath leads, built. */
export interface Target {
  readonly types: string
  readonly default: string
}

/** What `exports` in package.json has to be for the source under `root`. */
export function expectedExports(root: URL): Record<string, Target | string> {
  const subpaths = globSync(['adapters/*/index.ts', ...features], { cwd: fileURLToPath(root) })
    .map((file) => file.replace(/\.ts$/, ''))
    .map((file): [string, Target] => [`./${basename(dirname(file))}`, target(file)])
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
  return {
    '.': target('index'),
    ...Object.fromEntries(subpaths),
    './package.json': './package.json',
  }
}

const target = (file: string): Target => ({
  types: `./dist/${file}.d.ts`,
  default: `./dist/${file}.js`,
})
