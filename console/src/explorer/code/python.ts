/** Code for huaweicloudsdkcce. */
import { isObject, type Value } from './facts'
import { block, quoted, separated } from './literal'
import type { Plan } from './index'

const STEP = '    '

function print(value: Value): string {
  switch (value.is) {
    case 'model':
      return block(
        `${value.name}(`,
        separated(value.fields.map(({ member, value: each }) => `${member}=${print(each)}`), ','),
        ')',
        STEP,
      )
    case 'list':
      return block('[', separated(value.items.map(print), ','), ']', STEP)
    case 'map':
      return block('{', separated(value.entries.map(([key, each]) => `${quoted(key)}: ${print(each)}`), ','), '}', STEP)
    case 'pointer':
      return print(value.to)
    case 'file':
      return `FormFile(${quoted(value.value)})`
    case 'any':
      return any(value.value)
    case 'bool':
      return value.value ? 'True' : 'False'
    case 'number':
      return String(value.value)
    case 'enum':
    case 'text':
    case 'part':
      return quoted(value.value)
  }
}

function any(value: unknown): string {
  if (value === null || value === undefined) return 'None'
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  if (typeof value === 'string') return quoted(value)
  if (Array.isArray(value)) return block('[', separated(value.map(any), ','), ']', STEP)
  if (isObject(value)) {
    const lines = Object.entries(value).map(([key, each]) => `${quoted(key)}: ${any(each)}`)
    return block('{', separated(lines, ','), '}', STEP)
  }
  return String(value)
}

export function python(plan: Plan): string {
  const set = plan.fields.map(({ member, value }) => `request.${member} = ${print(value)}`)
  const send = [
    `request = ${plan.request}()`,
    ...set,
    `response = client.${plan.method}(request)`,
    'print(response)',
  ]
  const refused = ['print(e.status_code)', 'print(e.request_id)', 'print(e.error_code)', 'print(e.error_msg)']
  const main = [
    'ak = "<YOUR AK>"',
    'sk = "<YOUR SK>"',
    `projectId = ${quoted(plan.projectId)}`,
    '',
    'credentials = BasicCredentials(ak, sk, projectId)',
    '',
    `client = CceClient.new_builder() \\\n    .with_credentials(credentials) \\\n    .with_region(CceRegion.value_of("cn-north-4")) \\\n    .build()`,
    '',
    block('try:', send, '', STEP).trimEnd(),
    block('except exceptions.ClientRequestException as e:', refused, '', STEP).trimEnd(),
  ]
  const files = main.some((line) => line.includes('FormFile('))
  return `# coding: utf-8
# pip install huaweicloudsdkcce
# export HUAWEICLOUD_SDK_REGION_CCE_CN_NORTH_4=${plan.origin}

from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcce.v3.region.cce_region import CceRegion
from huaweicloudsdkcore.exceptions import exceptions
${files ? 'from huaweicloudsdkcore.http.formdata import FormFile\n' : ''}from huaweicloudsdkcce.v3 import *

${block('if __name__ == "__main__":', main, '', STEP)}`
}
