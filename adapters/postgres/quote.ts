/** An identifier as SQL has it, always in quotes: no name needs to be known for a keyword, and none is folded. */
export function identifier(...path: readonly string[]): string {
  return path.map((name) => `"${name.replaceAll('"', '""')}"`).join('.')
}

/** A text constant, whatever `standard_conforming_strings` says. */
export function literal(text: string): string {
  const quoted = text.replaceAll("'", "''")
  return quoted.includes('\\') ? `E'${quoted.replaceAll('\\', '\\\\')}'` : `'${quoted}'`
}

/** A body between dollar signs, with a word between them that the body does not have. */
export function dollarQuoted(body: string): string {
  let word = '$keepfresh$'
  for (let n = 1; body.includes(word); n++) word = `$keepfresh${n}$`
  return `${word}\n${body}\n${word}`
}

/** What a line comment may show of a name: nothing in it ends the line. */
export function inComment(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]/gu, '?')
}
