import { Agent, request } from 'node:http'

export interface Answer {
  readonly status: number
  readonly fields: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

/** One visit, as a browser makes it. */
export function visit(
  port: number,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path, headers, agent }, (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (text: string) => (body += text))
      response.once('error', reject)
      response.once('end', () =>
        resolve({ status: response.statusCode ?? 0, fields: response.headers, body }),
      )
    })
    sent.once('error', reject)
    sent.end()
  })
}

const agent = new Agent({ keepAlive: true, maxSockets: 8 })
