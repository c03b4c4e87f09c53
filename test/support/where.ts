import { describe, test } from 'vitest'

/** A suite over something that may not be there: in its place a test that is skipped and says why. */
export function describeWhere(
  there: boolean,
  reason: string,
  name: string,
  suite: () => void,
): void {
  // oxlint-disable-next-line vitest/no-conditional-tests, vitest/valid-describe-callback
  if (there) describe(name, suite)
  // oxlint-disable-next-line vitest/no-conditional-tests
  else test(name, (context) => context.skip(reason))
}
