/** The same page in seven template engines: what is kept, what is rendered again after a change, and whom it greets. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '../..')

const page = (name: string, price: number): string =>
  `<h1>Hello, ${name}</h1><ul><li>Soup: 4</li><li>Pie &amp; mash: ${price}</li></ul>`

const PRINTED = `${page('Ada', 6)}
rendered: page, list, row 1, row 2
${page('Bob', 6)}
rendered: nothing
${page('Cid', 7)}
rendered: page, list, row 2
`

test.each(['ejs', 'eta', 'nunjucks', 'handlebars', 'pug', 'react', 'tagged'])(
  '%s.ts renders what has changed and no more',
  async (name) => {
    const args = ['--import', join(root, 'scripts/typescript.ts'), `examples/templates/${name}.ts`]
    const said = await promisify(execFile)(process.execPath, args, { cwd: root, timeout: 30_000 })
    // React marks where what was waited for begins and ends.
    const stdout = said.stdout.replaceAll(/<!--.*?-->/g, '')
    expect({ stdout, stderr: said.stderr }).toEqual({ stdout: PRINTED, stderr: '' })
  },
)
