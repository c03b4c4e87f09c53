import { writeFileSync } from 'node:fs'
import type { Reporter, TestCase, TestModule, Vitest } from 'vitest/node'

/** What a run of the tests comes to. */
export interface Tally {
  readonly passed: number
  readonly failed: number
  readonly skipped: readonly { readonly name: string; readonly reason: string | undefined }[]
}

/**
 * Says which tests were skipped and why, and writes the numbers to the file that `KEEPFRESH_TALLY` names.
 *
 * A skip that gives no reason (`context.skip('why')`) makes the run fail. So does, in the numbers, what went wrong outside of tests: a file
 * that cannot be loaded, an error that nobody caught.
 */
export class TallyReporter implements Reporter {
  #vitest: Vitest | undefined

  onInit(vitest: Vitest): void {
    this.#vitest = vitest
  }

  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()])
    const ended = (state: string) => tests.filter((test) => test.result().state === state)
    const broken = modules.filter((module) => module.errors().length > 0)
    const brokenSuites = modules
      .flatMap((module) => [...module.children.allSuites()])
      .filter((suite) => suite.errors().length > 0)
    const tally: Tally = {
      passed: ended('passed').length,
      failed: ended('failed').length + broken.length + brokenSuites.length + errors.length,
      skipped: ended('skipped').map((test) => ({
        name: `${test.module.relativeModuleId} > ${test.fullName}`,
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

function reasonOf(test: TestCase): string | undefined {
  const result = test.result()
  return result.state === 'skipped' ? result.note : undefined
}
