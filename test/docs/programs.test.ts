import { expect, test } from 'vitest'
import { matches, programsIn } from './programs.js'

const page = `# A page

<!-- before
const hidden = 1
-->

\`\`\`ts
console.log(hidden)
\`\`\`

\`\`\`text
1
\`\`\`

And then:

\`\`\`ts continued
console.log('more')
\`\`\`

<!-- after
console.log('end')
-->

\`\`\`text
more
end
\`\`\`

\`\`\`ts sketch
interface Shape {}
\`\`\`

\`\`\`sh
npm ci
\`\`\`

\`\`\`ts
quiet()
\`\`\`
`

test('a program is its block, what continues it and what is hidden around it', () => {
  expect(programsIn(page)).toEqual([
    {
      line: 7,
      code: "const hidden = 1\nconsole.log(hidden)\nconsole.log('more')\nconsole.log('end')\n",
      prints: '1\nmore\nend\n',
    },
    { line: 38, code: 'quiet()\n', prints: '' },
  ])
})

test('a block that continues nothing is a mistake', () => {
  expect(() => programsIn('```ts continued\n1\n```\n')).toThrow('line 1: nothing is there')
})

test.each([
  ['the same', '1\n2\n', '1\n2\n', true],
  ['a blank at the end of a line', '1\n2', '1 \n2\n\n', true],
  ['a line that is missing', '1\n2\n', '1\n', false],
  ['a line too many', '', 'surprise\n', false],
  ['something that varies', 'took … ms (hit)', 'took 12.5 ms (hit)', true],
  ['a character with a meaning in patterns', 'a.b', 'a-b', false],
])('what is printed is compared: %s', (_, said, printed, same) => {
  expect(matches(said, printed)).toBe(same)
})
