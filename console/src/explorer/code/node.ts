/** Code for @huaweicloud/huaweicloud-sdk-cce, which reads no address from its surroundings. */
import { isObject, type Value } from './facts'
import { block, quoted, separated } from './literal'
import type { Plan } from './index'

const STEP = '  '

function print(value: Value): string {
  switch (value.is) {
    case 'model':
      return block(
        `new cce.${value.name}()`,
        value.fields.map(({ member, value: each }) => `.${member}(${print(each)})`),
        '',
        STEP,
      ).trimEnd()
    case 'list':
      return block('[', separated(value.items.map(print), ','), ']', STEP)
    case 'map':
      return block('{', separated(value.entries.map(([key, each]) => `${property(key)}: ${print(each)}`), ','), '}', STEP)
    case 'pointer':
      return print(value.to)
    case 'file':
      return `fs.createReadStream(${quoted(value.value)})`
    case 'number':
    case 'bool':
      return String(value.value)
    case 'any':
      return any(value.value)
    case 'enum':
    case 'text':
    case 'part':
      return quoted(value.value)
  }
}

/** A key of an object. Written plainly, this one would be its prototype. */
function property(key: string): string {
  return key === '__proto__' ? '["__proto__"]' : quoted(key)
}

function any(value: unknown): string {
  if (typeof value === 'string') return quoted(value)
  if (Array.isArray(value)) return block('[', separated(value.map(any), ','), ']', STEP)
  if (isObject(value)) {
    const lines = Object.entries(value).map(([key, each]) => `${property(key)}: ${any(each)}`)
    return block('{', separated(lines, ','), '}', STEP)
  }
  return String(value)
}

export function node(plan: Plan): string {
  const set = plan.fields.map(({ member, value }) => `request.${member}(${print(value)});\n`).join('')
  return `// npm install @huaweicloud/huaweicloud-sdk-core @huaweicloud/huaweicloud-sdk-cce
const core = require("@huaweicloud/huaweicloud-sdk-core");
const cce = require("@huaweicloud/huaweicloud-sdk-cce/v3/public-api");
${set.includes('fs.createReadStream(') ? 'const fs = require("node:fs");\n' : ''}
const ak = "<YOUR AK>";
const sk = "<YOUR SK>";
const projectId = ${quoted(plan.projectId)};

const credentials = new core.BasicCredentials()
  .withAk(ak)
  .withSk(sk)
  .withProjectId(projectId);

const client = cce.CceClient.newBuilder()
  .withCredential(credentials)
  .withEndpoint(${quoted(plan.origin)})
  .build();

const request = new cce.${plan.request}();
${set}client.${plan.method}(request)
  .then((response) => console.log(JSON.stringify(response)))
  .catch((error) => console.log(error));
`
}
