import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

/**
 * The version of a template: a digest of the files it consists of, itself and its partials, read once, now. Give it as
 * `version`, so that a deploy never shows markup of the one before.
 *
 * @throws the error of the file system when a file cannot be read.
 */
export function templateVersion(...files: readonly (string | URL)[]): string {
  const hash = createHash('sha256')
  for (const file of files) {
    const text = readFileSync(file)
    hash.update(`${text.length}:`).update(text)
  }
  return hash.digest('base64url').slice(0, 22)
}
