import { execFile } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { TestProject } from 'vitest/node'
import { scratchDirectory } from '../support/scratch.js'

const run = promisify(execFile)

declare module 'vitest' {
  export interface ProvidedContext {
    /** The packed package. */
    readonly tarball: string
    /** A project that has installed it, and none of its optional clients. */
    readonly project: string
  }
}

/** Builds and packs the package as it would be published, and installs it into an empty project. */
export async function setup(context: TestProject): Promise<() => void> {
  const directory = scratchDirectory('package')
  const project = join(directory, 'project')
  const root = join(import.meta.dirname, '../..')
  await npm(['run', 'build'], root)
  const packed = await npm(['pack', '--json', '--pack-destination', directory], root)
  const tarball = join(directory, fileNameIn(packed))
  mkdirSync(project)
  writeFileSync(join(project, 'package.json'), '{ "private": true, "type": "module" }\n')
  await npm(['install', '--prefer-offline', '--omit=peer', '--omit=optional', tarball], project)
  context.provide('tarball', tarball)
  context.provide('project', project)
  return () => rmSync(directory, { recursive: true, force: true })
}

/** npm before 12 answers with a list, later ones with an object by name. */
function fileNameIn(packed: string): string {
  const answer = JSON.parse(packed) as Record<string, { readonly filename: string }>
  const [first] = Object.values(answer)
  if (!first) throw new Error(`npm pack said ${packed}`)
  return first.filename
}

async function npm(args: readonly string[], cwd: string): Promise<string> {
  // Variables of the npm that runs us would lead the inner one to this project.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^npm_(package|lifecycle|command)/.test(name)),
  )
  return (await run('npm', [...args, '--no-audit', '--no-fund'], { cwd, env })).stdout
}
