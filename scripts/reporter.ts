import { writeFileSync } from 'node:fs'
import { relative } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import type {
  Reporter,
  SerializedError,
  TestCase,
  TestModule,
  TestSuite,
  Vitest,
} from 'vitest/node'

/** One thing that went wrong, in or outside of a test. */
export interface Failure {
  readonly name: string
  /** What was thrown, and where: a few lines, for a log that has to stay short. */
  readonly reason: string
}

/** What a run of the tests comes to. */
export interface Tally {
  readonly passed: number
  readonly failed: number
  readonly failures: readonly Failure[]
  readonly skipped: readonly { readonly name: string; readonly reason: string | undefined }[]
}

/**
 * Says which tests were skipped and why, and writes the numbers, and what failed, to the file that `KEEPFRESH_TALLY` names.
 *
 * A skip that gives no reason (`context.skip('why')`) makes the run fail. So does, in the numbers, what went wrong outside of tests: a file
 * that cannot be loaded, an error that nobody caught.
 */
export class TallyReporter implements Reporter {
  #vitest: Vitest | undefined

  onInit(vitest: Vitest): void {
    this.#vitest = vitest
  }

  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()])
    const ended = (state: string) => tests.filter((test) => test.result().state === state)
    const suites = modules.flatMap((module) => [...module.children.allSuites()])
    const failures: Failure[] = [
      ...ended('failed').map((test) => failure(nameOf(test), test.result().errors)),
      ...modules
        .filter((module) => module.errors().length > 0)
        .map((module) => failure(module.relativeModuleId, module.errors())),
      ...suites
        .filter((suite) => suite.errors().length > 0)
        .map((suite) => failure(nameOf(suite), suite.errors())),
      ...errors.map((error) => failure('outside of the tests', [error])),
    ]
    const tally: Tally = {
      passed: ended('passed').length,
      failed: failures.length,
      failures,
      skipped: ended('skipped').map((test) => ({
        name: nameOf(test),
        reason: reasonOf(test),
      })),
    }
    // With `-t`, everything else counts as skipped.
    const skipped = this.#vitest?.config.testNamePattern ? [] : tally.skipped
    for (const { name, reason } of skipped) {
      console.log(`skipped: ${name}: ${reason ?? 'no reason given'}`)
      if (!reason) process.exitCode = 1
    }
    const file = process.env.KEEPFRESH_TALLY
    if (file) writeFileSync(file, JSON.stringify(tally))
  }
}

function nameOf(what: TestCase | TestSuite): string {
  return `${what.module.relativeModuleId} > ${what.fullName}`
}

// What differs between two objects can run to thousands of lines.
const REASON_LINES = 8
const REASON_COLUMNS = 240

function failure(name: string, errors: readonly SerializedError[] | undefined): Failure {
  const lines = (errors ?? []).flatMap(({ message, stack, stacks, diff }) => {
    const at = stacks?.[0]
    return [
      ...firstLines(message),
      ...firstLines(diff),
      // An error that nobody caught has its stack as text alone.
      at
        ? `at ${relative(process.cwd(), at.file)}:${at.line}`
        : stack?.match(/^ *at .*$/m)?.[0].trim(),
    ]
  })
  return { name, reason: lines.filter(Boolean).join('\n') }
}

function firstLines(text: unknown): string[] {
  if (typeof text !== 'string') return []
  return stripVTControlCharacters(text)
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(0, REASON_LINES)
    .map((line) => line.slice(0, REASON_COLUMNS))
}

function reasonOf(test: TestCase): string | undefined {
  const result = test.result()
  return result.state === 'skipped' ? result.note : undefined
}
