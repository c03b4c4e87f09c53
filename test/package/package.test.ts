/** The package as its users get it: packed, and installed into an empty project without any of the optional clients. */
import { execFile } from 'node:child_process'
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { builtinModules } from 'node:module'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { describe, expect, inject, test } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }

const run = promisify(execFile)
const root = join(import.meta.dirname, '../..')
const project = inject('project')
const installed = join(project, 'node_modules/keepfresh')

const peers: Readonly<Record<string, string>> =
  (manifest as { peerDependencies?: Record<string, string> }).peerDependencies ?? {}
const subpaths = Object.keys(manifest.exports)
  .filter((subpath) => subpath !== './package.json')
  .map((subpath) => `keepfresh${subpath.slice(1)}`)

test('holds what users need and nothing else', () => {
  const names = ['CHANGELOG.md', 'LICENSE', 'README.md', 'dist', 'docs', 'package.json']
  expect(readdirSync(installed).toSorted()).toEqual(names)
  const built = globSync('dist/**/*.*', { cwd: installed })
  expect(built.filter((file) => !/(?<!\.test)\.(js|d\.ts|lua|sql)$/.test(file))).toEqual([])
})

test('publint finds nothing', async () => {
  const { messages, pkg } = await publint({ pkgDir: installed, pack: false, strict: true })
  expect(messages.map((message) => formatMessage(message, pkg as never, { color: false }))).toEqual(
    [],
  )
})

test('types resolve for ESM projects, and for CommonJS ones that import ESM', async () => {
  const attw = join(root, 'node_modules/.bin/attw')
  const said = run(attw, [inject('tarball'), '--profile', 'esm-only', '--no-color'])
  expect(await problemsOf(said)).toBe('')
})

/** PostgreSQL's own parser is no client: the reader of SQL asks for it where an application has it. */
const PARSER = 'dist/src/query/sql/libpg.js'

test('imports only what it depends on, and optional clients in adapters only', () => {
  const builtin = new Set(builtinModules)
  const dependencies = new Set(Object.keys(manifest.dependencies))
  const wrong = globSync('dist/**/*.{js,d.ts}', { cwd: installed }).flatMap((file) =>
    packagesOf(readFileSync(join(installed, file), 'utf8'))
      .filter((name) => !name.startsWith('node:') && !builtin.has(name) && !dependencies.has(name))
      .filter((name) => !(name in peers) || !(file.startsWith('dist/adapters/') || file === PARSER))
      .map((name) => `${file} imports ${name}`),
  )
  expect(wrong).toEqual([])
})

test('the command runs, and says which client it needs', async () => {
  const command = join(project, 'node_modules/.bin/keepfresh')
  expect((await run(command, ['--help'])).stdout).toContain('keepfresh postgres triggers')
  const asked = run(command, ['postgres', 'triggers', '--url', 'postgres://127.0.0.1:1/x'])
  await expect(asked).rejects.toMatchObject({ stderr: expect.stringContaining('npm install pg') })
})

test.each([
  ['ioredis', "import { redisStore as store } from 'keepfresh/redis'", 'redis://127.0.0.1:1'],
  ['memjs', "import { memcachedStore as store } from 'keepfresh/memcached'", '127.0.0.1:1'],
])(
  'a store whose client %s is missing warns once, and is no outage',
  async (client, imported, target) => {
    const code = `
    import { createCache } from 'keepfresh'
    ${imported}
    await using cache = createCache({ tiers: [store('${target}')] })
    console.log(await cache.getOrSet('a', () => 1), await cache.getOrSet('b', () => 2))`
    const node = run(process.execPath, ['--input-type=module', '-e', code], { cwd: project })
    const { stdout, stderr } = await node
    expect(stdout).toBe('1 2\n')
    expect(stderr.split(`npm install ${client}`)).toHaveLength(2)
    expect(stderr).toContain('CACHE_PEER_MISSING')
  },
)

test('each peer is optional', () => {
  const meta: Readonly<Record<string, { optional: boolean }>> =
    (manifest as { peerDependenciesMeta?: Record<string, { optional: boolean }> })
      .peerDependenciesMeta ?? {}
  expect(Object.keys(peers).filter((name) => !meta[name]?.optional)).toEqual([])
  expect(Object.keys(meta).filter((name) => !(name in peers))).toEqual([])
})

describe.each(subpaths)('%s', (subpath) => {
  test('imports without the optional clients, or says which one it needs', async () => {
    const { error } = await importIn(project, subpath)
    const missing = error && /^Cannot find package '([^']+)'/.exec(error)?.[1]
    expect([undefined, ...Object.keys(peers)]).toContain(missing ?? error)
  })

  test('exports something once the clients are there', async () => {
    const outcome = await importIn(projectWithPeers(), subpath)
    expect(outcome.error).toBeUndefined()
    expect(outcome.names).not.toEqual([])
  })
})

test('CommonJS may require it', async () => {
  const code = `
    const { createCache } = require('keepfresh')
    const { memoryStore } = require('keepfresh/memory')
    createCache({ tiers: [memoryStore()] }).getOrSet('a', () => 1).then(console.log)`
  const node = await run(process.execPath, ['--input-type=commonjs', '-e', code], { cwd: project })
  expect(node).toMatchObject({ stdout: '1\n', stderr: '' })
})

test.each([
  ['nodenext', { module: 'nodenext' }],
  ['bundler', { module: 'preserve', moduleResolution: 'bundler' }],
])('declarations compile in a strict project that checks libraries too: %s', async (name, how) => {
  const directory = projectWithPeers()
  const lines = subpaths.map((subpath, n) => `export * as s${n} from '${subpath}'`)
  writeFileSync(join(directory, 'all.ts'), `${lines.join('\n')}\n`)
  const compilerOptions = {
    ...how,
    target: 'es2022',
    lib: ['es2023', 'esnext.disposable'],
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    noEmit: true,
    types: ['node'],
  }
  const config = join(directory, `tsconfig.${name}.json`)
  writeFileSync(config, JSON.stringify({ compilerOptions, files: ['all.ts'] }))
  const tsc = join(root, 'node_modules/.bin/tsc')
  const output = await problemsOf(run(tsc, ['-p', config, '--pretty', 'false']))
  // Other packages' declarations are theirs to mend.
  const ours = output
    .split('\n')
    .filter((line) => /^(all\.ts|\S*node_modules\/keepfresh\/)/.test(line))
  expect(ours).toEqual([])
})

/** What a tool that ended with a failure has printed; nothing when it is content. */
async function problemsOf(running: Promise<unknown>): Promise<string> {
  return running.then(
    () => '',
    (error: { readonly stdout: string; readonly stderr: string }) => error.stdout + error.stderr,
  )
}

interface Outcome {
  readonly names?: readonly string[]
  readonly error?: string
}

/** Imports a subpath in a fresh process that has nothing but the project's packages. */
async function importIn(directory: string, specifier: string): Promise<Outcome> {
  const code = `
    const outcome = await import(${JSON.stringify(specifier)}).then(
      (module) => ({ names: Object.keys(module) }),
      (error) => ({ error: String(error.message) }),
    )
    console.log(JSON.stringify(outcome))`
  const node = await run(process.execPath, ['--input-type=module', '-e', code], { cwd: directory })
  return JSON.parse(node.stdout) as Outcome
}

/** A project with a copy of the installed package, beside everything that this repository has installed. */
function projectWithPeers(): string {
  const directory = join(project, '../project-with-peers')
  const modules = join(directory, 'node_modules')
  if (existsSync(modules)) return directory
  mkdirSync(modules, { recursive: true })
  writeFileSync(join(directory, 'package.json'), '{ "private": true, "type": "module" }\n')
  cpSync(installed, join(modules, 'keepfresh'), { recursive: true })
  for (const name of readdirSync(join(root, 'node_modules'))) {
    symlinkSync(join(root, 'node_modules', name), join(modules, name))
  }
  return directory
}

/** Names of the packages that a built file imports. */
function packagesOf(code: string): string[] {
  const specifiers = code.matchAll(/(?:^|[\s;])(?:from|import)\s*\(?\s*['"]([^'"\n]+)['"]/gm)
  return [...specifiers]
    .map(([, specifier = '']) => specifier)
    .filter((specifier) => !specifier.startsWith('.'))
    .map((specifier) => /^(@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier)
}
