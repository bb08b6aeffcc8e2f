/** Code for huaweicloud-sdk-go-v3, from Go 1.18 on. */
import { isObject, type Value } from './facts'
import { block, goQuoted, indented, separated } from './literal'
import type { Plan } from './index'

const STEP = '\t'
const PLAIN = /^(string|bool|u?int\d*|float\d+|interface{}|sdktime\.\w+|def\.\w+)$/

/** A type of the facts as Go writes it. */
function type(of: string): string {
  if (of.startsWith('*')) return `*${type(of.slice(1))}`
  if (of.startsWith('[')) return `[]${type(of.slice(1, -1))}`
  if (of.startsWith('{')) return `map[string]${type(of.slice(1, -1))}`
  if (PLAIN.test(of)) return of
  return `model.${of.replace('#', '')}`
}

class Printer {
  readonly #enums: Record<string, Record<string, string>>

  constructor(enums: Record<string, Record<string, string>>) {
    this.#enums = enums
  }

  print(value: Value): string {
    switch (value.is) {
      case 'model':
        return this.#model(value, '')
      case 'list':
        return block(`[]${type(value.of)}{`, separated(value.items.map((each) => this.print(each)), ','), '}', STEP)
      case 'map':
        return block(
          `map[string]${type(value.of)}{`,
          separated(value.entries.map(([key, each]) => `${goQuoted(key)}: ${this.print(each)}`), ','),
          '}',
          STEP,
        )
      case 'pointer':
        return this.#pointer(value.to)
      case 'enum':
        return `model.Get${value.of}Enum().${this.#enums[value.of]?.[value.value] ?? ''}`
      case 'file':
        return `*def.NewFilePart(open(${goQuoted(value.value)}))`
      case 'part':
        return `*def.NewMultiPart(${goQuoted(value.value)})`
      case 'number':
      case 'bool':
        return String(value.value)
      case 'any':
        return any(value.value)
      case 'text':
        return goQuoted(value.value)
    }
  }

  #model(value: Extract<Value, { is: 'model' }>, sign: '' | '&'): string {
    const lines = value.fields.map(({ member, value: each }) => `${member}: ${this.print(each)}`)
    return block(`${sign}model.${value.name}{`, separated(lines, ','), '}', STEP)
  }

  #pointer(to: Value): string {
    switch (to.is) {
      case 'model':
        return this.#model(to, '&')
      case 'file':
      case 'part':
        return this.print(to).slice(1)
      case 'number':
        return `to[${to.of}](${this.print(to)})`
      case 'any':
        return `to[interface{}](${this.print(to)})`
      default:
        return `to(${this.print(to)})`
    }
  }
}

function any(value: unknown): string {
  if (value === null || value === undefined) return 'nil'
  if (typeof value === 'string') return goQuoted(value)
  if (Array.isArray(value)) return block('[]interface{}{', separated(value.map(any), ','), '}', STEP)
  if (isObject(value)) {
    const lines = Object.entries(value).map(([key, each]) => `${goQuoted(key)}: ${any(each)}`)
    return block('map[string]interface{}{', separated(lines, ','), '}', STEP)
  }
  // A number alone is a whole one to Go, of the width of the machine.
  return typeof value === 'number' && !Number.isSafeInteger(value) ? `float64(${value})` : String(value)
}

export function go(plan: Plan): string {
  const printer = new Printer(plan.enums)
  const set = plan.fields.map(({ member, value }) => `request.${member} = ${printer.print(value)}`).join('\n')
  const hasPart = set.includes('def.New')
  const hasFile = set.includes('def.NewFilePart(')
  const helpers: string[] = []
  if (/\bto[[(]/.test(set)) helpers.push('func to[T any](value T) *T {\n\treturn &value\n}\n')
  if (hasFile) {
    helpers.push(
      'func open(name string) *os.File {\n\tfile, err := os.Open(name)\n\tif err != nil {\n\t\tpanic(err)\n\t}\n\treturn file\n}\n',
    )
  }
  return `// go get github.com/huaweicloud/huaweicloud-sdk-go-v3
// export HUAWEICLOUD_SDK_REGION_CCE_CN_NORTH_4=${plan.origin}
package main

import (
	"fmt"
${hasFile ? '\t"os"\n' : ''}
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/auth/basic"
${hasPart ? '\t"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/def"\n' : ''}	cce "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/cce/v3"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/cce/v3/model"
	region "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/cce/v3/region"
)

func main() {
	ak := "<YOUR AK>"
	sk := "<YOUR SK>"
	projectId := ${goQuoted(plan.projectId)}

	auth := basic.NewCredentialsBuilder().
		WithAk(ak).
		WithSk(sk).
		WithProjectId(projectId).
		Build()

	client := cce.NewCceClient(
		cce.CceClientBuilder().
			WithRegion(region.ValueOf("cn-north-4")).
			WithCredential(auth).
			Build())

	request := &model.${plan.request}{}
${indented(set, '\t')}${set ? '\n' : ''}	response, err := client.${plan.method}(request)
	if err == nil {
		fmt.Printf("%+v\\n", response)
	} else {
		fmt.Println(err)
	}
}
${helpers.map((each) => `\n${each}`).join('')}`
}
