import { readFileSync } from 'node:fs'

/** The user that a server runs as which refuses to be root; undefined when we are not root and it can run as us. */
export function plainUser(preferred: string): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
  const user =
    users.find(([name]) => name === preferred) ?? users.find(([name]) => name === 'nobody')
  if (!user) throw new Error(`neither ${preferred} nor nobody is a user of this machine`)
  return { uid: Number(user[2]), gid: Number(user[3]) }
}
