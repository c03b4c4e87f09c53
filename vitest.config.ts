import { readFileSync } from 'node:fs'
import { defineConfig } from 'vitest/config'
import { TallyReporter } from './scripts/reporter.js'

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

// Three kinds of tests, each named by its files. Those that kill servers under load, or want the machine to themselves, run one after the other
// when the others are done; those of the packed package build it first and belong to `npm run check`.
export default defineConfig({
  resolve: { alias: sourceAliases() },
  test: {
    reporters: ['default', new TallyReporter()],
    // For what hangs, not for what is slow: two busy cores are enough for the suite.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 30_000 } },
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: {
          name: 'tests',
          include: ['test/**/*.test.{ts,tsx}'],
          exclude: ['test/**/*.serial.test.ts', 'test/package/**'],
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'serial',
          include: ['test/**/*.serial.test.ts'],
          maxWorkers: 1,
          testTimeout: 240_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'package',
          include: ['test/package/**/*.test.ts'],
          globalSetup: ['test/package/setup.ts'],
          maxWorkers: 1,
          testTimeout: 120_000,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
})
