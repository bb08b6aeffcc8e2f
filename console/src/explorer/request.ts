/** The request that a form describes. */
import type { Wish } from './code'
import { isObject } from './code/facts'
import { skeleton } from './schema'
import { bodyOf, fileParts, type Api, type Operation, type Parameter } from './spec'

/** What stands in the form: texts, an empty one for a parameter that is not sent. */
export interface Values {
  parameters: Record<string, string>
  body: string
  /** What is being typed into fields that take any JSON, by where they are. */
  drafts: Record<string, string>
  /** Files that were chosen, by the part of the body that they are. */
  files: Record<string, File>
}

export interface Problem {
  line: number | null
  text: string
}

export interface Request {
  operation: Operation
  /** The path with its values, and the query. */
  address: string
  headers: [string, string][]
  /** Undefined where the operation takes none. */
  body: unknown
  files: Record<string, File>
  /** Values by parameter, those that are sent. */
  parameters: { parameter: Parameter; value: string }[]
}

export const keyOf = (parameter: Parameter) => `${parameter.in}.${parameter.name}`

export function parametersOf(operation: Operation): Parameter[] {
  return operation.parameters ?? []
}

/** A filled form: the session's project, and the example that was recorded. */
export function firstValues(operation: Operation, api: Api, projectId: string): Values {
  const content = bodyOf(operation)
  const example = content && (content.example ?? (content.schema ? skeleton(content.schema, api.schemas) : {}))
  const parameters: Record<string, string> = {}
  for (const each of parametersOf(operation)) {
    if (each.in === 'path' && each.name === 'project_id') parameters[keyOf(each)] = projectId
  }
  return { parameters, body: content ? JSON.stringify(example, null, 2) : '', drafts: {}, files: {} }
}

/** What is wrong with a JSON text, in the browser's words, with its line where they tell it. */
export function problemOf(text: string): Problem | null {
  try {
    JSON.parse(text)
    return null
  } catch (error) {
    const said = (error as Error).message
    const [, line] = /line (\d+)/.exec(said) ?? []
    const [, position] = /position (\d+)/.exec(said) ?? []
    if (line) return { line: Number(line), text: said }
    return { line: position ? text.slice(0, Number(position)).split('\n').length : null, text: said }
  }
}

/** Placeholders as the official samples write them, for what is not filled in. */
export const placeholder = (name: string) => `<${name}>`

/** What is missing in a form before it can be sent. */
export function missing(operation: Operation, values: Values): string[] {
  const parameters = parametersOf(operation)
    .filter((each) => (each.required || each.in === 'path') && !values.parameters[keyOf(each)]?.trim())
    .map((each) => each.name)
  const parts = fileParts(operation)
  const body: unknown = parts.length > 0 && !problemOf(values.body) ? JSON.parse(values.body) : {}
  const files = parts.filter((name) => isObject(body) && Object.hasOwn(body, name) && !values.files[name])
  return [...parameters, ...files]
}

/** Whether the body cannot be sent, because a text in it is no JSON. */
export function isBroken(operation: Operation, values: Values): boolean {
  return bodyOf(operation) !== undefined && [values.body, ...Object.values(values.drafts)].some((text) => problemOf(text))
}

/** The request of a form; a body that is no JSON is left out. */
export function build(operation: Operation, values: Values): Request {
  const sent = parametersOf(operation)
    .map((parameter) => {
      const value = (values.parameters[keyOf(parameter)] ?? '').trim()
      return { parameter, value: value || (parameter.required ? placeholder(parameter.name) : '') }
    })
    .filter(({ value }) => value !== '')
  const byPlace = (place: string) => sent.filter(({ parameter }) => parameter.in === place)
  const path = byPlace('path').reduce(
    (text, { parameter, value }) => text.replace(`{${parameter.name}}`, encoded(value)),
    operation.path,
  )
  const query = byPlace('query')
    .map(({ parameter, value }) => `${encodeURIComponent(parameter.name)}=${encoded(value)}`)
    .join('&')
  return {
    operation,
    address: query ? `${path}?${query}` : path,
    headers: byPlace('header').map(({ parameter, value }) => [parameter.name, value]),
    body: bodyOf(operation) && !problemOf(values.body) ? JSON.parse(values.body) : undefined,
    files: values.files,
    parameters: sent,
  }
}

/** Placeholders stay readable: whoever copies the request fills them in. */
function encoded(value: string): string {
  return /^<\w[\w-]*>$/.test(value) ? value : encodeURIComponent(value)
}

/** A request in the terms of the code that sends it. The project goes with the credentials there. */
export function wishOf(request: Request, origin: string, projectId: string): Wish {
  const sent = request.parameters.filter(({ parameter }) => parameter.name !== 'project_id')
  return {
    operation: request.operation.operationId,
    parameters: Object.fromEntries(sent.map(({ parameter, value }) => [parameter.name, value])),
    body: request.body,
    origin,
    projectId: projectId || placeholder('project_id'),
  }
}
