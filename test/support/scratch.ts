/**
 * Temporary directories that cannot outlive the process that asked for them.
 *
 * All of a process's directories sit in one, and a shell at the other end of a pipe removes that one when this process is gone. Servers are
 * killed at the same moment and may write a last file meanwhile, so it tries for a while.
 */
import { spawn } from 'node:child_process'
import { chmodSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const KEEPER = `
read -r _
tries=0
until rm -rf "$1" 2>/dev/null && [ ! -e "$1" ] || [ "$tries" -ge 50 ]; do
  tries=$((tries + 1))
  sleep 0.1
done
`

let root: string | undefined

/** Makes an empty directory that is gone when this process is gone. */
export function scratchDirectory(name: string): string {
  root ??= makeRoot()
  const directory = mkdtempSync(join(root, `${name}-`))
  chmodSync(directory, 0o711)
  return directory
}

function makeRoot(): string {
  const directory = mkdtempSync(join(tmpdir(), 'keepfresh-test-'))
  chmodSync(directory, 0o711) // database servers run as another user when we are root
  const keeper = spawn('sh', ['-c', KEEPER, 'sh', directory], {
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  keeper.on('error', () => {})
  keeper.unref()
  ;(keeper.stdin as unknown as { unref(): void }).unref()
  return directory
}
