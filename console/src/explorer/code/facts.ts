/** What an official SDK is made of, and a request in its terms (tests/clients/sdk_facts.py). */

/** Member and type of each field, by its name on the wire. */
export type Model = Record<string, [member: string, type: string]>

export interface Facts {
  /** Method and request class, by the name of the operation. */
  operations: Record<string, [method: string, request: string]>
  models: Record<string, Model>
  /** Names of the values of Go's enumerations. */
  enums?: Record<string, Record<string, string>>
}

/** A value together with what the SDK takes it for. */
export type Value =
  | { is: 'model'; name: string; fields: Field[] }
  | { is: 'list'; of: string; items: Value[] }
  | { is: 'map'; of: string; entries: [string, Value][] }
  | { is: 'pointer'; to: Value }
  | { is: 'enum'; of: string; value: string }
  | { is: 'text' | 'file' | 'part'; of: string; value: string }
  | { is: 'number'; of: string; value: number }
  | { is: 'bool'; value: boolean }
  | { is: 'any'; value: unknown }

export interface Field {
  member: string
  value: Value
}

const TEXT = new Set(['str', 'String', 'string', 'UUID', 'LocalDate', 'OffsetDateTime', 'date', 'datetime'])
const WHOLE = new Set(['int', 'Integer', 'Long', 'int32', 'int64'])
const NUMBER = new Set(['float', 'Float', 'Double', 'BigDecimal', 'float32', 'float64', 'number'])
const BOOL = new Set(['bool', 'Boolean', 'boolean'])
const FILE = new Set(['file', 'FormDataFilePart', 'def.FilePart'])
/** Numbers that fit 32 bits; what is larger would not compile where they are all there is. */
const NARROW = new Set(['Integer', 'int32'])

/** A value as an SDK takes it. What it cannot take is left out, and named in `left`. */
export function fit(value: unknown, type: string, facts: Facts, path: string, left: string[]): Value | null {
  const leave = () => {
    left.push(path)
    return null
  }
  if (value === null || value === undefined) return null
  if (type.startsWith('*')) {
    const to = fit(value, type.slice(1), facts, path, left)
    return to && { is: 'pointer', to }
  }
  if (type.startsWith('#')) {
    if (typeof value !== 'string') return leave()
    const known = facts.enums?.[type.slice(1)]
    return known && !Object.hasOwn(known, value) ? leave() : { is: 'enum', of: type.slice(1), value }
  }
  if (type.startsWith('[')) {
    if (!Array.isArray(value)) return leave()
    const of = type.slice(1, -1)
    const items = value.map((each, index) => fit(each, of, facts, `${path}[${index}]`, left))
    return { is: 'list', of, items: items.filter((each) => each !== null) }
  }
  if (type.startsWith('{')) {
    if (!isObject(value)) return leave()
    const of = type.slice(1, -1)
    const entries = Object.entries(value).map(([key, each]) => [key, fit(each, of, facts, `${path}.${key}`, left)] as const)
    return { is: 'map', of, entries: entries.filter((each): each is [string, Value] => each[1] !== null) }
  }
  const model = Object.hasOwn(facts.models, type) ? facts.models[type] : undefined
  if (model) {
    if (!isObject(value)) return leave()
    return { is: 'model', name: type, fields: fields(value, model, facts, path, left) }
  }
  if (FILE.has(type)) return typeof value === 'string' ? { is: 'file', of: type, value } : leave()
  if (type === 'def.MultiPart') return typeof value === 'string' ? { is: 'part', of: type, value } : leave()
  if (TEXT.has(type)) return typeof value === 'string' ? { is: 'text', of: type, value } : leave()
  if (BOOL.has(type)) return typeof value === 'boolean' ? { is: 'bool', value } : leave()
  if (WHOLE.has(type) || NUMBER.has(type)) {
    const fits =
      typeof value === 'number' &&
      (NUMBER.has(type) || Number.isInteger(value)) &&
      (!NARROW.has(type) || Math.abs(value) < 2 ** 31)
    return fits ? { is: 'number', of: type, value } : leave()
  }
  return { is: 'any', value }
}

export function fields(value: object, model: Model, facts: Facts, path: string, left: string[]): Field[] {
  const found: Field[] = []
  for (const [wire, each] of Object.entries(value)) {
    const here = path ? `${path}.${wire}` : wire
    const known = Object.hasOwn(model, wire) ? model[wire] : undefined
    if (!known) {
      left.push(here)
      continue
    }
    const fitted = fit(each, known[1], facts, here, left)
    if (fitted) found.push({ member: known[0], value: fitted })
  }
  return found
}

/** A text of a form as the value that a type wants. */
export function typed(text: string, type: string): unknown {
  const plain = type.replace('*', '')
  if ((WHOLE.has(plain) || NUMBER.has(plain)) && /^-?\d+(\.\d+)?$/.test(text)) return Number(text)
  if (BOOL.has(plain) && (text === 'true' || text === 'false')) return text === 'true'
  if (plain.startsWith('[')) return text.split(',').map((each) => typed(each, plain.slice(1, -1)))
  return text
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
