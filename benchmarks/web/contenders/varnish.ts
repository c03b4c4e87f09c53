import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Front } from '../contender.js'

/** https://varnish-cache.org/docs/7.1/users-guide/vcl-backends.html: what it does by itself, in memory. */
const vcl = (origin: number): string => `vcl 4.1;
backend application { .host = "127.0.0.1"; .port = "${origin}"; }
`

export const varnish: Front = {
  kind: 'front',
  name: 'varnish before express',
  packages: [],
  program: 'varnishd',
  answers: ['hit', 'miss', 'not-modified'],
  prepare: ({ data }, origin) => writeFile(join(data, 'pages.vcl'), vcl(origin)),
  command: ({ data, port }) => ({
    file: 'varnishd',
    args: [
      '-F',
      '-j',
      'none',
      '-n',
      join(data, 'work'),
      '-a',
      `127.0.0.1:${port}`,
      '-f',
      join(data, 'pages.vcl'),
      '-s',
      'default,256m',
    ],
  }),
}
