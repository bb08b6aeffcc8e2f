/** What a document may hold, as rows that people read. */
import type { Schema } from './spec'

export interface FieldRow {
  path: string
  depth: number
  type: string
  required: boolean
  rules: string
  english: string
  chinese: string
}

const DEEPEST = 6
/** Documents hold themselves (a job its sub-jobs), so there is a depth at which a page stops. */

type Schemas = Record<string, Schema>

/** A schema without its reference, and without the "or null" that optional fields carry. */
export function resolve(schema: Schema, schemas: Schemas): Schema {
  if (schema.$ref) {
    const { $ref, ...beside } = schema
    return resolve({ ...schemas[$ref.replace(/^.*\//, '')], ...beside }, schemas)
  }
  const choices = (schema.anyOf ?? schema.oneOf ?? schema.allOf)?.filter((each) => each.type !== 'null')
  const [only, second] = choices ?? []
  if (only && !second) {
    const { anyOf: _anyOf, oneOf: _oneOf, allOf: _allOf, ...beside } = schema
    return { ...resolve(only, schemas), ...beside }
  }
  return schema
}

export function typeOf(schema: Schema, schemas: Schemas): string {
  const found = resolve(schema, schemas)
  if (found.type === 'array') return `array<${found.items ? typeOf(found.items, schemas) : 'any'}>`
  if (found.type) return found.type
  const choices = found.anyOf ?? found.oneOf
  if (choices) return [...new Set(choices.map((each) => typeOf(each, schemas)))].join(' | ')
  return found.properties ? 'object' : 'any'
}

/** What is told of something, in the reader's language where somebody has told it. */
export function said(told: { description?: string; 'x-description-zh'?: string }, locale: string): string {
  return (locale === 'zh-CN' && told['x-description-zh']) || (told.description ?? '')
}

/** Limits in the notation of JSON Schema, which needs no translation. */
export function rulesOf(schema: Schema): string {
  const rules: string[] = []
  if (schema.const !== undefined) rules.push(`= ${JSON.stringify(schema.const)}`)
  if (schema.enum) rules.push(schema.enum.map((each) => JSON.stringify(each)).join(' | '))
  const range = (least: number | undefined, most: number | undefined, of: string) => {
    if (least !== undefined || most !== undefined) rules.push(`${least ?? ''}…${most ?? ''}${of}`)
  }
  range(schema.minimum, schema.maximum, '')
  range(schema.minLength, schema.maxLength, ' chars')
  range(schema.minItems, schema.maxItems, ' items')
  if (schema.pattern) rules.push(`/${schema.pattern}/`)
  if (schema.default !== undefined && schema.default !== null && schema.default !== '') {
    rules.push(`default ${JSON.stringify(schema.default)}`)
  }
  return rules.join(' · ')
}

/** The fields of a document, each below the one that holds it. */
export function fieldsOf(schema: Schema, schemas: Schemas): FieldRow[] {
  const rows: FieldRow[] = []
  const walk = (holder: Schema, path: string, depth: number) => {
    if (depth > DEEPEST) return
    const inner = inside(resolve(holder, schemas), schemas)
    for (const [name, each] of Object.entries(inner.properties ?? {})) {
      const found = resolve(each, schemas)
      const here = path ? `${path}.${name}` : name
      rows.push({
        path: here,
        depth,
        type: typeOf(each, schemas),
        required: inner.required?.includes(name) ?? false,
        rules: rulesOf(found),
        english: each.description ?? '',
        chinese: each['x-description-zh'] ?? '',
      })
      if (!path.split('.').includes(name)) walk(each, here, depth + 1)
    }
  }
  walk(schema, '', 0)
  return rows
}

function inside(schema: Schema, schemas: Schemas): Schema {
  if (schema.type === 'array' && schema.items) return inside(resolve(schema.items, schemas), schemas)
  if (!schema.properties && typeof schema.additionalProperties === 'object') {
    return inside(resolve(schema.additionalProperties, schemas), schemas)
  }
  return schema
}

/** The least document that a schema asks for, where no example was recorded. */
export function skeleton(schema: Schema, schemas: Schemas, depth = 0): unknown {
  const found = resolve(schema, schemas)
  if (found.const !== undefined) return found.const
  if (found.enum) return found.enum[0]
  if (found.default !== undefined && found.default !== null) return found.default
  switch (found.type) {
    case 'string':
      return found.format === 'binary' ? '<file>' : ''
    case 'integer':
    case 'number':
      return found.minimum ?? 0
    case 'boolean':
      return false
    case 'array':
      return found.minItems && found.items ? [skeleton(found.items, schemas, depth + 1)] : []
    default: {
      if (depth > DEEPEST) return {}
      const wanted = Object.entries(found.properties ?? {}).filter(([name]) => found.required?.includes(name))
      return Object.fromEntries(wanted.map(([name, each]) => [name, skeleton(each, schemas, depth + 1)]))
    }
  }
}
