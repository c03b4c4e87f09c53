/** Every command that a page or a comment names is there: scripts, benchmarks by name, files, flags. */
import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }

const root = join(import.meta.dirname, '../..')
const read = (file: string) => readFileSync(join(root, file), 'utf8')
const pages = [
  ...globSync(['*.md', 'docs/**/*.md', 'examples/**/*.md', 'benchmarks/*.md'], { cwd: root }),
]
  // What is run in somebody else's folder is theirs.
  .map((file) => ({ file, text: read(file).replaceAll(/\(cd \.\.\/[^)]*\)/g, '') }))
const sources = globSync(['{src,adapters,benchmarks,examples,scripts}/**/*.ts'], {
  cwd: root,
  exclude: (name) => name.includes('node_modules'),
}).map((file) => ({ file, text: read(file) }))

/** What stands behind the words, up to the end of the command. */
function argumentsOf(text: string, command: RegExp): string[][] {
  const found = text.matchAll(new RegExp(`${command.source}([^\`\\n#>|;)]*)`, 'g'))
  return [...found].map(([, rest = '']) => rest.trim().split(/\s+/).filter(Boolean))
}

test('the scripts of package.json', () => {
  const named = [...pages, ...sources].flatMap(({ file, text }) =>
    [...text.matchAll(/npm run (?:--silent |-s )?([a-z:]+)/g)].map(([, script = '']) => ({
      file,
      script,
    })),
  )
  expect(named.length).toBeGreaterThan(20)
  expect(named.filter(({ script }) => !(script in manifest.scripts))).toEqual([])
})

test('the benchmarks, by their names or a part of them', () => {
  const names = globSync('benchmarks/scenarios/*.ts', { cwd: root }).flatMap((file) =>
    [...read(file).matchAll(/^ {2}name: '([\w-]+)'/gm)].map(([, name = '']) => name),
  )
  expect(names.length).toBeGreaterThan(30)
  const asked = [...pages, ...sources].flatMap(({ file, text }) =>
    argumentsOf(text, /npm run (?:--silent |-s )?bench -- /).flatMap((words) => {
      const end = words.findIndex((word) => !/^\w[\w-]*$/.test(word))
      return words.slice(0, end === -1 ? undefined : end).map((part) => ({ file, part }))
    }),
  )
  expect(asked.length).toBeGreaterThan(10)
  expect(asked.filter(({ part }) => !names.some((name) => name.includes(part)))).toEqual([])
})

test('the files that are to be run', () => {
  const named = pages.flatMap(({ file, text }) =>
    [...text.matchAll(/(?:npx node|npx vitest run|node --import \S+) ([\w./-]*\/[\w./-]+)/g)].map(
      ([, path = '']) => ({ file, path }),
    ),
  )
  expect(named.length).toBeGreaterThan(1)
  expect(named.filter(({ path }) => !existsSync(join(root, path)))).toEqual([])
})

test('the flags of npx keepfresh', () => {
  const command = read('adapters/postgres/command.ts')
  const asked = pages.flatMap(({ text }) => argumentsOf(text, /npx keepfresh postgres /))
  expect(asked.length).toBeGreaterThan(3)
  const unknown = asked.flatMap(([name = '', ...words]) => [
    ...(['triggers', 'publication'].includes(name) ? [] : [name]),
    ...words.filter((word) => word.startsWith('--') && !command.includes(word)),
  ])
  expect(unknown).toEqual([])
})
