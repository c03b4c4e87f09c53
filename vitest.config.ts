import { readFileSync } from 'node:fs'
import { defineConfig } from 'vitest/config'

/** `keepfresh` and its subpaths, as the examples import them, from the source instead of `dist`. */
function sourceAliases(): { find: RegExp; replacement: string }[] {
  const root = new URL('.', import.meta.url).pathname
  const { exports = {} } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as {
    exports?: Record<string, { default?: string }>
  }
  return Object.entries(exports).flatMap(([subpath, { default: built }]) =>
    built?.startsWith('./dist/')
      ? {
          find: new RegExp(`^keepfresh${subpath.slice(1)}$`),
          replacement: root + built.slice('./dist/'.length).replace(/\.js$/, '.ts'),
        }
      : [],
  )
}

export default defineConfig({
  resolve: { alias: sourceAliases() },
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 20_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
  },
})
