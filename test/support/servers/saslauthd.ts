import { createServer } from 'node:net'

/**
 * Answers whether a name and a password belong together, the way `saslauthd` does: a real server that asks for SASL checks passwords through
 * this, so that no password database has to be installed.
 *
 * On a Unix socket, a request is four strings (name, password, service, realm), each behind its length in two bytes; the answer is one such
 * string that begins with OK or NO (cyrus-sasl, saslauthd/ipc_unix.c). The listener does not keep the process alive.
 */
export async function startPasswordCheck(
  path: string,
  allowed: { readonly username: string; readonly password: string },
): Promise<void> {
  const listener = createServer((socket) => {
    let received = Buffer.alloc(0)
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk])
      const strings = readStrings(received, 4)
      if (!strings) return
      const answer =
        strings[0] === allowed.username && strings[1] === allowed.password ? 'OK' : 'NO'
      socket.end(Buffer.concat([Buffer.from([0, answer.length]), Buffer.from(answer)]))
    })
  })
  await new Promise<void>((resolve, reject) => {
    listener.once('error', reject).listen(path, resolve)
  })
  listener.unref()
}

function readStrings(bytes: Buffer, count: number): string[] | undefined {
  const strings: string[] = []
  for (let at = 0; strings.length < count;) {
    if (bytes.length < at + 2) return undefined
    const end = at + 2 + bytes.readUInt16BE(at)
    if (bytes.length < end) return undefined
    strings.push(bytes.toString('utf8', at + 2, end))
    at = end
  }
  return strings
}
