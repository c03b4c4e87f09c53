/** Which folders are subpaths of the package. The folders say it; `exports` in package.json follows, held to it by a test. */
import { existsSync, readdirSync } from 'node:fs'

const root: URL = new URL('../', import.meta.url)

/** Folders of `src` that users import from; the others are how those work. */
const USER_FACING: readonly string[] = ['query', 'object', 'fragment', 'page', 'http', 'testing']

/** Source folders by the name of their subpath: `redis` → `adapters/redis`. */
export function subpathFolders(): Map<string, string> {
  const adapters = readdirSync(new URL('adapters/', root), { withFileTypes: true })
    .filter((each) => each.isDirectory())
    .map((each): [string, string] => [each.name, `adapters/${each.name}`])
  const features = USER_FACING.map((name): [string, string] => [name, `src/${name}`])
  const present = [...adapters, ...features].filter(([, folder]) =>
    existsSync(new URL(`${folder}/index.ts`, root)),
  )
  return new Map(present.toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

/** What `exports` in package.json has to be. */
export function expectedExports(): Record<string, string> {
  const subpaths = [...subpathFolders()].map(([name, folder]) => [
    `./${name}`,
    `./dist/${folder}/index.js`,
  ])
  return {
    '.': './dist/index.js',
    ...Object.fromEntries(subpaths),
    './package.json': './package.json',
  }
}
