/** The code that sends a request by an official SDK. A pure function of the request and the SDK's facts. */
import { fit, typed, type Facts, type Field } from './facts'
import { go } from './go'
import { java } from './java'
import { node } from './node'
import { python } from './python'

export const LANGUAGES = { python: 'Python', java: 'Java', go: 'Go', node: 'Node' } as const
export type Language = keyof typeof LANGUAGES

/** What the code is to send. */
export interface Wish {
  operation: string
  /** Texts by the name on the wire; without the project, which goes with the credentials. */
  parameters: Record<string, string>
  body?: unknown
  /** Scheme, host and port of the server. */
  origin: string
  projectId: string
}

/** A wish in an SDK's terms, ready to be printed. */
export interface Plan {
  operation: string
  method: string
  request: string
  fields: Field[]
  origin: string
  projectId: string
  enums: Record<string, Record<string, string>>
}

export interface Sample {
  code: string
  /** What the SDK cannot send, by its path in the request. */
  left: string[]
}

const PRINTERS: Record<Language, (plan: Plan) => string> = { python, java, go, node }

/** The code of a wish, or null where the SDK has no such operation. */
export function sample(language: Language, facts: Facts, wish: Wish): Sample | null {
  const known = Object.hasOwn(facts.operations, wish.operation) ? facts.operations[wish.operation] : undefined
  if (!known) return null
  const [method, request] = known
  const model = facts.models[request] ?? {}
  const left: string[] = []
  const fields: Field[] = []
  const take = (wire: string, path: string, value: (type: string) => unknown) => {
    const field = Object.hasOwn(model, wire) ? model[wire] : undefined
    const fitted = field ? fit(value(field[1]), field[1], facts, path, left) : null
    if (field && fitted) fields.push({ member: field[0], value: fitted })
    else if (!field) left.push(path)
  }
  for (const [name, text] of Object.entries(wish.parameters)) take(name, name, (type) => typed(text, type))
  if (wish.body !== undefined) take('body', 'body', () => wish.body)
  const { operation, origin, projectId } = wish
  return { code: PRINTERS[language]({ operation, method, request, fields, origin, projectId, enums: facts.enums ?? {} }), left }
}

/** The facts of an SDK, fetched when somebody wants its code. */
export async function facts(language: Language): Promise<Facts> {
  const files: Record<Language, () => Promise<{ default: unknown }>> = {
    python: () => import('./sdk/python.json'),
    java: () => import('./sdk/java.json'),
    go: () => import('./sdk/go.json'),
    node: () => import('./sdk/node.json'),
  }
  return (await files[language]()).default as Facts
}
