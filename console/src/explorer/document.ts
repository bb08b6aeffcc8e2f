/** A document field by field: of what kind each is, and the document with one of them changed. */
import { isObject } from './code/facts'
import type { Schema } from './spec'

/** Where something is in a document: names of fields, and numbers of entries. */
export type Path = (string | number)[]

export type Kind = 'object' | 'map' | 'list' | 'choice' | 'number' | 'text' | 'file' | 'any'

/** A path as people write it, such as `spec.taints[0].key`. */
export function written(path: Path): string {
  return path.map((step, at) => (typeof step === 'number' ? `[${step}]` : at ? `.${step}` : step)).join('')
}

/** The document with another value at a path; without it where the value is undefined. */
export function changed(holder: unknown, path: Path, value: unknown): unknown {
  const [step, ...rest] = path
  if (step === undefined) return value
  const isGone = rest.length === 0 && value === undefined
  if (typeof step === 'number') {
    const items: unknown[] = Array.isArray(holder) ? [...holder] : []
    if (isGone) items.splice(step, 1)
    else items[step] = changed(items[step], rest, value)
    return items
  }
  const fields = isObject(holder) ? holder : {}
  if (isGone) return Object.fromEntries(Object.entries(fields).filter(([name]) => name !== step))
  return { ...fields, [step]: changed(Object.hasOwn(fields, step) ? fields[step] : undefined, rest, value) }
}

/** All values that there are, where a schema counts them. */
export function choicesOf(schema: Schema): unknown[] | undefined {
  if (schema.const !== undefined) return [schema.const]
  return schema.enum ?? (schema.type === 'boolean' ? [true, false] : undefined)
}

function wanted(schema: Schema): Kind {
  if (choicesOf(schema)) return 'choice'
  switch (schema.type) {
    case 'string':
      return schema.format === 'binary' ? 'file' : 'text'
    case 'integer':
    case 'number':
      return 'number'
    case 'array':
      return 'list'
    case 'object':
      return schema.properties ? 'object' : 'map'
    default:
      return 'any'
  }
}

/** How a value is edited. What is not of the kind that its schema wants can still be edited as JSON. */
export function kindOf(schema: Schema, value: unknown): Kind {
  const kind = wanted(schema)
  if (value === undefined) return kind
  const fits = {
    object: isObject(value),
    map: isObject(value),
    list: Array.isArray(value),
    choice: ['string', 'number', 'boolean'].includes(typeof value),
    number: ['string', 'number'].includes(typeof value),
    text: typeof value === 'string',
    file: typeof value === 'string',
    any: true,
  }
  return fits[kind] ? kind : 'any'
}

/** The number that a text says, or the text itself: nothing that was typed is lost on the way. */
export function numberOf(text: string): number | string {
  return text !== '' && String(Number(text)) === text ? Number(text) : text
}

/** Whether a value breaks a rule of its schema. The server decides; this is said ahead of it. */
export function breaks(schema: Schema, value: unknown): boolean {
  // To the server, an empty text is as good as none.
  if (value === undefined || value === '') return false
  const choices = choicesOf(schema)
  if (choices) return !choices.includes(value)
  const beyond = (size: number, least = -Infinity, most = Infinity) => size < least || size > most
  if (schema.type === 'integer' || schema.type === 'number') {
    if (typeof value !== 'number' || (schema.type === 'integer' && !Number.isInteger(value))) return true
    return beyond(value, schema.minimum, schema.maximum)
  }
  if (schema.type === 'string' && typeof value === 'string') {
    return beyond([...value].length, schema.minLength, schema.maxLength) || !isLike(value, schema.pattern)
  }
  return Array.isArray(value) && beyond(value.length, schema.minItems, schema.maxItems)
}

function isLike(text: string, pattern: string | undefined): boolean {
  try {
    return pattern === undefined || new RegExp(pattern, 'u').test(text)
  } catch {
    return true // a pattern in another dialect than the browser's
  }
}

/** What the entries of a map are to be. */
export function entriesOf(schema: Schema): Schema {
  const [pattern] = Object.values(schema.patternProperties ?? {})
  return pattern ?? (typeof schema.additionalProperties === 'object' ? schema.additionalProperties : {})
}
