import { type Cursor, parseBareItem, parseKey } from './structured-item.js'
import {
  type BareItem,
  type Dictionary,
  type InnerList,
  type Item,
  type Member,
  NO_PARAMETERS,
  type Parameters,
} from './structured.js'
import { isWhitespaceCode } from './tokens.js'

/**
 * Parsing structured fields (RFC 9651 section 4.2). One fault makes the whole field `undefined`: the standard forbids
 * to use the part before it.
 *
 * Combine the lines of a field first (`fieldValue`). Time is linear in the length of the text.
 */

const SPACE = 0x20
const COMMA = 0x2c
const SEMICOLON = 0x3b
const EQUALS = 0x3d
const OPEN = 0x28
const CLOSE = 0x29

const TRUE: BareItem = { type: 'boolean', value: true }

/** A list field (section 4.2.1). An empty field is an empty list. */
export function parseList(value: string): readonly Member[] | undefined {
  const cursor = start(value)
  const members: Member[] = []
  while (!atEnd(cursor)) {
    const member = parseMember(cursor)
    if (member === undefined) return undefined
    members.push(member)
    if (!parseComma(cursor)) return undefined
  }
  return members
}

/** A dictionary field (section 4.2.2). Of a key that is repeated the last value counts, in its first place. */
export function parseDictionary(value: string): Dictionary | undefined {
  const cursor = start(value)
  const members = new Map<string, Member>()
  while (!atEnd(cursor)) {
    const key = parseKey(cursor)
    if (key === undefined) return undefined
    const member = take(cursor, EQUALS) ? parseMember(cursor) : withParameters(TRUE, cursor)
    if (member === undefined) return undefined
    members.set(key, member)
    if (!parseComma(cursor)) return undefined
  }
  return members
}

/** An item field (section 4.2.3). */
export function parseItem(value: string): Item | undefined {
  const cursor = start(value)
  const item = parseOneItem(cursor)
  if (item === undefined) return undefined
  skipSpaces(cursor)
  return atEnd(cursor) ? item : undefined
}

function start(text: string): Cursor {
  const cursor = { text, at: 0 }
  skipSpaces(cursor)
  return cursor
}

function atEnd(cursor: Cursor): boolean {
  return cursor.at >= cursor.text.length
}

function take(cursor: Cursor, code: number): boolean {
  if (cursor.text.charCodeAt(cursor.at) !== code) return false
  cursor.at++
  return true
}

function skipSpaces(cursor: Cursor): void {
  while (cursor.text.charCodeAt(cursor.at) === SPACE) cursor.at++
}

/** Takes the comma between two members, or the blank end of the field. A comma needs a member behind it. */
function parseComma(cursor: Cursor): boolean {
  const { text } = cursor
  let { at } = cursor
  while (isWhitespaceCode(text.charCodeAt(at))) at++
  cursor.at = at
  if (at >= text.length) return true
  if (!take(cursor, COMMA)) return false
  while (isWhitespaceCode(text.charCodeAt(cursor.at))) cursor.at++
  return !atEnd(cursor)
}

function parseMember(cursor: Cursor): Member | undefined {
  return cursor.text.charCodeAt(cursor.at) === OPEN ? parseInnerList(cursor) : parseOneItem(cursor)
}

function parseOneItem(cursor: Cursor): Item | undefined {
  const item = parseBareItem(cursor)
  return item === undefined ? undefined : withParameters(item, cursor)
}

function withParameters(item: BareItem, cursor: Cursor): Item | undefined {
  const parameters = parseParameters(cursor)
  return parameters === undefined ? undefined : { item, parameters }
}

/** Section 4.2.1.2. */
function parseInnerList(cursor: Cursor): InnerList | undefined {
  cursor.at++
  const items: Item[] = []
  while (!atEnd(cursor)) {
    skipSpaces(cursor)
    if (take(cursor, CLOSE)) {
      const parameters = parseParameters(cursor)
      return parameters === undefined ? undefined : { items, parameters }
    }
    const item = parseOneItem(cursor)
    if (item === undefined) return undefined
    items.push(item)
    const next = cursor.text.charCodeAt(cursor.at)
    if (next !== SPACE && next !== CLOSE) return undefined
  }
  return undefined
}

/** Section 4.2.3.2. */
function parseParameters(cursor: Cursor): Parameters | undefined {
  if (cursor.text.charCodeAt(cursor.at) !== SEMICOLON) return NO_PARAMETERS
  const parameters = new Map<string, BareItem>()
  while (take(cursor, SEMICOLON)) {
    skipSpaces(cursor)
    const key = parseKey(cursor)
    if (key === undefined) return undefined
    const value = take(cursor, EQUALS) ? parseBareItem(cursor) : TRUE
    if (value === undefined) return undefined
    parameters.set(key, value)
  }
  return parameters
}
