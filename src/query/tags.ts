import { hash } from 'node:crypto'

/**
 * The labels that cached answers carry and writes invalidate. They name the database and never the role or the tenant: a write in
 * one tenant's name reaches everybody's answers.
 *
 * For a table T of `tableName(schema, name)`:
 *
 * - the database's tag: on every answer; invalidated by what is not understood.
 * - T: on answers that may depend on any row of T, and on those that found nothing; invalidated by every write to T.
 * - T/rows and T#key: on answers that depend on the row of one primary key, which was found. A write invalidates T#key of the rows it
 *   touches, or T/rows when it cannot tell them. An insert touches no row that was found.
 * - T[column] and T[column=value]: the same for a declared partition; an insert belongs to the partition of its row.
 *
 * An answer carries one of the three kinds for each table it reads. Two labels that fell together would only be invalidated together.
 */

/** Longer values of keys and partitions go through a digest: a tag has at most 1,024 characters. */
const MAX_PART = 120

/** On every cached answer of the database. */
export function databaseTag(database: string): string {
  return `q:${part(database)}`
}

/** On no answer: invalidated with the database's when its definitions change, so that other processes learn them again. */
export function definitionsTag(database: string): string {
  return `${databaseTag(database)}/definitions`
}

/** On answers that may depend on any row of the table. */
export function tableTag(database: string, table: string): string {
  return `${databaseTag(database)}:${part(table)}`
}

/** On answers that depend on rows found by their primary key, whichever. */
export function rowsTag(database: string, table: string): string {
  return `${tableTag(database, table)}/rows`
}

/** On answers that depend on the row of one primary key. `key` has the texts of `canonicalValue`, in the order of the key's columns. */
export function rowTag(database: string, table: string, key: readonly string[]): string {
  const text = key.map(valueText).join(',')
  return `${tableTag(database, table)}#${text.length > 3 * MAX_PART ? digest(text) : text}`
}

/** On answers that depend on the rows with one value in `column`, whichever value. */
export function partitionsTag(database: string, table: string, column: string): string {
  return `${tableTag(database, table)}[${part(column)}]`
}

/** On answers that depend on the rows with this value in `column`. */
export function partitionTag(
  database: string,
  table: string,
  column: string,
  value: string,
): string {
  return `${tableTag(database, table)}[${part(column)}=${valueText(value)}]`
}

/** A part of a tag: short, well-formed, and without the characters that stand between parts. */
function part(text: string): string {
  if (text.length <= MAX_PART && SAFE.test(text)) return text
  const escaped = text.length <= MAX_PART ? encodeURIComponent(text.toWellFormed()) : text
  return escaped.length > MAX_PART ? digest(text) : escaped
}

/** A value at the end of a tag, where nothing that stores take for plain text can be mistaken but the comma between two. */
function valueText(text: string): string {
  return text.length <= MAX_PART && PLAIN.test(text) ? text : part(text)
}

function digest(text: string): string {
  return `~${hash('sha256', text, 'base64url')}`
}

const SAFE = /^[\w.-]*$/
const PLAIN = /^[!-$&-+\--z|]*$/
