/**
 * Lets node run this repository's TypeScript as it stands: `node --import ./scripts/typescript.ts file.ts`.
 *
 * Node strips types by itself but resolves specifiers literally. So, for importing files of ours: `./x.js` is tried as `./x.ts` where it is not
 * there, and the package's own name leads to its source (`keepfresh/redis` to `adapters/redis/index.ts`), no build needed.
 */
import { existsSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { fileURLToPath } from 'node:url'

registerHooks({
  resolve(specifier, context, next) {
    const own = /^keepfresh(?:\/(.+))?$/.exec(specifier)
    if (own) {
      const source = sourceOf(own[1])
      if (source) return next(source.href, context)
    }
    const importer = context.parentURL ?? ''
    if (
      /^\.\.?\/.*\.js$/.test(specifier) &&
      importer.startsWith('file:') &&
      !importer.includes('/node_modules/')
    ) {
      const asked = new URL(specifier, importer)
      const typed = new URL(asked.href.replace(/\.js$/, '.ts'))
      if (!existsSync(fileURLToPath(asked)) && existsSync(fileURLToPath(typed))) {
        return next(typed.href, context)
      }
    }
    return next(specifier, context)
  },
})

/** The source file behind `keepfresh/<name>`, or behind `keepfresh` where no name is given. */
function sourceOf(name: string | undefined): URL | undefined {
  const candidates =
    name === undefined ? ['index.ts'] : [`adapters/${name}/index.ts`, `src/${name}/index.ts`]
  return candidates
    .map((path) => new URL(`../${path}`, import.meta.url))
    .find((file) => existsSync(fileURLToPath(file)))
}
