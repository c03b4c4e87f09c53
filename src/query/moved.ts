import { SEARCH_PATH_SQL } from './sql/index.js'
import type { QueryConnection } from './types.js'

const QUESTIONS: readonly string[] = Object.values(SEARCH_PATH_SQL)

/**
 * For a statement of `describe` on a connection that the application uses too: where bare names are looked for is told by one as new, or
 * all answers would be taken to be from where this one looks.
 *
 * @throws {Error} for that question, where it was changed.
 */
export function assertUnmoved({ moved }: QueryConnection, sql: string): void {
  if (moved && QUESTIONS.includes(sql))
    throw new Error(
      'where names are looked for (search_path, USE) was changed on the connection that was asked: say it with the option `searchPath`',
    )
}
