/** The API's own description: its operations, what they take, and how they are found. */
export interface Schema {
  $ref?: string
  type?: string
  title?: string
  description?: string
  'x-description-zh'?: string
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  additionalProperties?: boolean | Schema
  patternProperties?: Record<string, Schema>
  anyOf?: Schema[]
  allOf?: Schema[]
  oneOf?: Schema[]
  enum?: unknown[]
  const?: unknown
  default?: unknown
  format?: string
  pattern?: string
  minimum?: number
  maximum?: number
  minLength?: number
  maxLength?: number
  minItems?: number
  maxItems?: number
}

export type Place = 'path' | 'query' | 'header'

export interface Parameter {
  name: string
  in: Place
  required?: boolean
  schema: Schema
  description?: string
  'x-description-zh'?: string
  'x-clusterwright-extension'?: boolean
}

interface Content {
  schema?: Schema
  example?: unknown
}

export interface Told {
  description: string
  content?: Record<string, Content>
}

interface Described {
  operationId: string
  tags?: string[]
  summary: string
  description: string
  'x-description-zh'?: string
  parameters?: Parameter[]
  requestBody?: { content: Record<string, Content> }
  responses: Record<string, Told>
}

export interface Description {
  paths: Record<string, Record<string, Described>>
  components: { schemas: Record<string, Schema> }
}

export interface Operation extends Described {
  method: string
  path: string
  tag: string
  /** What a search looks at. */
  text: string
}

/** Where operations are that carry no tag: those of the identity service. */
export const UNTAGGED = 'Identity'

export interface Api {
  operations: Operation[]
  byId: Map<string, Operation>
  schemas: Record<string, Schema>
}

export function read(page: Description): Api {
  const operations = Object.entries(page.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, told]): Operation => {
      const tag = told.tags?.[0] ?? UNTAGGED
      const words = [told.operationId, told.summary, told['x-description-zh'], path, tag, method]
      return { ...told, method: method.toUpperCase(), path, tag, text: words.join('\n').toLowerCase() }
    }),
  )
  return {
    operations,
    byId: new Map(operations.map((each) => [each.operationId, each])),
    schemas: page.components.schemas,
  }
}

/** The operations in which every word is found. */
export function search(operations: Operation[], asked: string): Operation[] {
  const words = asked.toLowerCase().split(/\s+/).filter(Boolean)
  return operations.filter((each) => words.every((word) => each.text.includes(word)))
}

export type Row = { tag: string; count: number } | { tag: string; operation: Operation }

/** What most people come for; other tags follow in the order of the description. */
const FIRST = ['Cluster', 'Node', 'Node pool', 'Add-on', 'Job', 'Extension']
const LAST = ['Neighbour', 'Server', UNTAGGED]

function rank(tag: string): number {
  const first = FIRST.indexOf(tag)
  return first >= 0 ? first - FIRST.length : LAST.indexOf(tag) + 1
}

/** Operations below a heading for each tag. */
export function grouped(operations: Operation[]): Row[] {
  const tags = new Map<string, Operation[]>()
  for (const each of operations) {
    const known = tags.get(each.tag)
    if (known) known.push(each)
    else tags.set(each.tag, [each])
  }
  const ordered = [...tags].sort(([one], [other]) => rank(one) - rank(other))
  return ordered.flatMap(([tag, inside]): Row[] => [
    { tag, count: inside.length },
    ...inside.map((operation) => ({ tag, operation })),
  ])
}

const PARTS = 'multipart/form-data'

export function bodyOf(operation: Operation): Content | undefined {
  const content = operation.requestBody?.content
  return content?.['application/json'] ?? content?.[PARTS]
}

/** Whether the body is a form with a file, of which JSON names the parts here. */
export function isInParts(operation: Operation): boolean {
  return Boolean(operation.requestBody?.content[PARTS])
}

/** The parts of a body that are files. */
export function fileParts(operation: Operation): string[] {
  const properties = operation.requestBody?.content[PARTS]?.schema?.properties ?? {}
  return Object.keys(properties).filter((name) => properties[name]?.format === 'binary')
}

export function exampleAnswer(operation: Operation): { status: string; example: unknown } | null {
  for (const [status, told] of Object.entries(operation.responses)) {
    const example = told.content?.['application/json']?.example
    if (status.startsWith('2') && example !== undefined) return { status, example }
  }
  return null
}
