/** Code for huaweicloud-sdk-cce of Java, from version 11 of the language on. */
import { isObject, type Value } from './facts'
import { block, indented, javaQuoted, separated } from './literal'
import type { Plan } from './index'

const STEP = '    '
/** Classes that Java itself imports; the SDK's of the same name must be imported by name. */
const OF_JAVA = ['Runtime', 'Process', 'Record', 'Module', 'Package', 'Version']

function print(value: Value): string {
  switch (value.is) {
    case 'model':
      return block(
        `new ${value.name}()`,
        value.fields.map(({ member, value: each }) => `.${member}(${print(each)})`),
        '',
        STEP,
      ).trimEnd()
    case 'list':
      return block('List.of(', separated(value.items.map(print), ''), ')', STEP)
    case 'map':
      return map(value.entries.map(([key, each]) => [key, print(each)]))
    case 'pointer':
      return print(value.to)
    case 'enum':
      return `${value.of}.fromValue(${javaQuoted(value.value)})`
    case 'file':
      return `new FormDataFilePart(new FileInputStream(${javaQuoted(value.value)}), new File(${javaQuoted(value.value)}).getName())`
    case 'number':
      return number(value.of, value.value)
    case 'bool':
      return String(value.value)
    case 'any':
      return any(value.value)
    case 'text':
    case 'part':
      return text(value.of, value.value)
  }
}

function text(of: string, value: string): string {
  if (of === 'UUID') return `java.util.UUID.fromString(${javaQuoted(value)})`
  if (of === 'LocalDate') return `java.time.LocalDate.parse(${javaQuoted(value)})`
  if (of === 'OffsetDateTime') return `java.time.OffsetDateTime.parse(${javaQuoted(value)})`
  return javaQuoted(value)
}

function number(of: string, value: number): string {
  if (of === 'Long') return `${value}L`
  if (of === 'Float') return `${value}F`
  if (of === 'Double') return `${value}D`
  if (of === 'BigDecimal') return `new java.math.BigDecimal("${value}")`
  return String(value)
}

function map(entries: [string, string][]): string {
  const lines = entries.map(([key, each]) => `Map.entry(${javaQuoted(key)}, ${each})`)
  return block('Map.ofEntries(', separated(lines, ''), ')', STEP)
}

/** These lists and maps hold no null, which the SDK would leave out as well. */
function any(value: unknown): string {
  if (typeof value === 'string') return javaQuoted(value)
  if (typeof value === 'number') {
    if (!Number.isInteger(value)) return `${value}D`
    return Math.abs(value) < 2 ** 31 ? String(value) : `new java.math.BigDecimal("${value}")`
  }
  if (Array.isArray(value)) {
    return block('List.of(', separated(value.filter((each) => each !== null).map(any), ''), ')', STEP)
  }
  if (isObject(value)) {
    const entries = Object.entries(value).filter(([, each]) => each !== null)
    return map(entries.map(([key, each]) => [key, any(each)]))
  }
  return String(value)
}

function models(value: Value): string[] {
  if (value.is === 'model') return [value.name, ...value.fields.flatMap((each) => models(each.value))]
  if (value.is === 'list') return value.items.flatMap(models)
  if (value.is === 'map') return value.entries.flatMap(([, each]) => models(each))
  return []
}

export function java(plan: Plan): string {
  const name = `${plan.operation}Solution`
  const set = plan.fields.map(({ member, value }) => `request.${member}(${print(value)});`)
  const body = set.join('\n')
  const used = new Set(plan.fields.flatMap((each) => models(each.value)))
  const hasFile = body.includes('new FormDataFilePart(')
  const imports = [
    ...OF_JAVA.filter((each) => used.has(each)).map((each) => `com.huaweicloud.sdk.cce.v3.model.${each}`),
    ...(hasFile ? ['com.huaweicloud.sdk.core.http.FormDataFilePart', 'java.io.File', 'java.io.FileInputStream'] : []),
    ...(body.includes('List.of(') ? ['java.util.List'] : []),
    ...(body.includes('Map.ofEntries(') ? ['java.util.Map'] : []),
  ]
  const response = plan.request.replace(/Request$/, 'Response')
  return `// Maven: com.huaweicloud.sdk:huaweicloud-sdk-cce
// export HUAWEICLOUD_SDK_REGION_CCE_CN_NORTH_4=${plan.origin}
package com.huaweicloud.sdk.test;

import com.huaweicloud.sdk.core.auth.ICredential;
import com.huaweicloud.sdk.core.auth.BasicCredentials;
import com.huaweicloud.sdk.core.exception.ConnectionException;
import com.huaweicloud.sdk.core.exception.RequestTimeoutException;
import com.huaweicloud.sdk.core.exception.ServiceResponseException;
import com.huaweicloud.sdk.cce.v3.region.CceRegion;
import com.huaweicloud.sdk.cce.v3.*;
import com.huaweicloud.sdk.cce.v3.model.*;
${imports.map((each) => `import ${each};\n`).join('')}
public class ${name} {
    public static void main(String[] args)${hasFile ? ' throws java.io.IOException' : ''} {
        String ak = "<YOUR AK>";
        String sk = "<YOUR SK>";
        String projectId = ${javaQuoted(plan.projectId)};

        ICredential auth = new BasicCredentials()
            .withProjectId(projectId)
            .withAk(ak)
            .withSk(sk);

        CceClient client = CceClient.newBuilder()
            .withCredential(auth)
            .withRegion(CceRegion.valueOf("cn-north-4"))
            .build();
        ${plan.request} request = new ${plan.request}();
${indented(body, '        ')}${body ? '\n' : ''}        try {
            ${response} response = client.${plan.method}(request);
            System.out.println(response.toString());
        } catch (ConnectionException e) {
            e.printStackTrace();
        } catch (RequestTimeoutException e) {
            e.printStackTrace();
        } catch (ServiceResponseException e) {
            e.printStackTrace();
            System.out.println(e.getHttpStatusCode());
            System.out.println(e.getRequestId());
            System.out.println(e.getErrorCode());
            System.out.println(e.getErrorMsg());
        }
    }
}
`
}
