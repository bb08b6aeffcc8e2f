/** What the tests call of the console's explorer: the code of every operation's example. */
import { sample, type Facts, type Language, type Wish } from '../../../console/src/explorer/code'
import { build, firstValues, keyOf, parametersOf, wishOf, type Request } from '../../../console/src/explorer/request'
import { command, curl } from '../../../console/src/explorer/shell'
import { read, type Description, type Operation } from '../../../console/src/explorer/spec'
import { resolve } from '../../../console/src/explorer/schema'

export { sample, type Facts, type Language, type Wish }

/** A request with every parameter that an operation takes, and its example as the body. */
function full(operation: Operation, page: Description): Request {
  const api = read(page)
  const values = firstValues(operation, api, '')
  for (const each of parametersOf(operation)) {
    const schema = resolve(each.schema, api.schemas)
    const word = schema.enum?.[0] ?? { integer: 1, number: 1, boolean: true }[schema.type ?? '']
    if (word !== undefined) values.parameters[keyOf(each)] = String(word)
    else if (!each.required && each.in === 'query') values.parameters[keyOf(each)] = `a "${each.name}" \\ $x 集群`
  }
  return build(operation, values)
}

export interface Made {
  operation: string
  wish: Wish
  curl: string
  command: string | null
}

export function wishes(page: Description, origin: string): Made[] {
  return read(page).operations.map((operation) => {
    const request = full(operation, page)
    return {
      operation: operation.operationId,
      wish: wishOf(request, origin, ''),
      curl: curl(request, origin),
      command: command(request),
    }
  })
}
