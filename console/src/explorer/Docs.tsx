/** What an operation takes and answers, in words. */
import { useMemo } from 'react'
import { useLanguage } from '../i18n'
import { Table, type Column } from '../ui/table'
import ui from '../ui/ui.module.css'
import css from './explorer.module.css'
import { parametersOf } from './request'
import { fieldsOf, resolve, rulesOf, said, typeOf, type FieldRow } from './schema'
import { bodyOf, exampleAnswer, type Api, type Operation } from './spec'

/** A text with its `code`. */
function spans(text: string) {
  return text.split(/`+([^`]+)`+/).map((part, index) => (index % 2 ? <code key={index}>{part}</code> : part))
}

/** A text with its `code`, and paragraphs. */
export function Prose(props: { text: string; lang?: string }) {
  return props.text.split(/\n\n+/).map((paragraph, at) => (
    <p key={at} lang={props.lang} className={css.prose}>
      {spans(paragraph)}
    </p>
  ))
}

export function Docs(props: { api: Api; operation: Operation }) {
  const { locale, messages } = useLanguage()
  const say = messages.explorer
  const { api, operation } = props
  const [parameters, body, answer] = useMemo(() => {
    const taken = parametersOf(operation).map((each): FieldRow => {
      const schema = resolve(each.schema, api.schemas)
      return {
        path: each.name,
        depth: 0,
        type: `${say.places[each.in] ?? each.in} · ${typeOf(schema, api.schemas)}`,
        required: each.required ?? false,
        rules: rulesOf(schema),
        english: each.description ?? '',
        chinese: each['x-description-zh'] ?? '',
      }
    })
    const content = bodyOf(operation)?.schema
    const good = Object.entries(operation.responses).find(([status]) => status.startsWith('2'))?.[1]
    const answered = Object.values(good?.content ?? {})[0]?.schema
    return [taken, content ? fieldsOf(content, api.schemas) : [], answered ? fieldsOf(answered, api.schemas) : []]
  }, [api, operation, say])
  const example = exampleAnswer(operation)
  const refusals = Object.keys(operation.responses).filter((status) => !status.startsWith('2'))
  const columns = columnsOf(say, locale)
  const rows = (label: string, fields: FieldRow[]) =>
    fields.length > 0 && (
      <section className={css.section}>
        <h2>{label}</h2>
        <Table label={label} columns={columns} rows={fields} rowKey={(row) => `${row.type}${row.path}`} />
      </section>
    )
  return (
    <div className={css.docs}>
      {rows(say.parameters, parameters)}
      {rows(say.bodyFields, body)}
      {rows(say.answerFields, answer)}
      {example && (
        <section className={css.section}>
          <h2>{say.exampleAnswer(example.status)}</h2>
          <pre className={ui.code} tabIndex={0} data-testid="example">
            {JSON.stringify(example.example, null, 2)}
          </pre>
        </section>
      )}
      <section className={css.section}>
        <h2>{say.errors}</h2>
        <p className={css.prose}>{say.errorsText}</p>
        <ul className={css.errors}>
          {refusals.map((status) => (
            <li key={status}>
              <code>{status}</code> {say.statuses[status] ?? operation.responses[status]?.description}
            </li>
          ))}
        </ul>
      </section>
    </div>
  )
}

function columnsOf(say: ReturnType<typeof useLanguage>['messages']['explorer'], locale: string): Column<FieldRow>[] {
  return [
    {
      id: 'name',
      title: say.field,
      width: 'minmax(180px, 2fr)',
      cell: (row) => (
        <code>
          {row.path}
          {row.required ? ' *' : ''}
        </code>
      ),
    },
    { id: 'type', title: say.type, width: 'minmax(90px, 1fr)', cell: (row) => row.type },
    { id: 'rules', title: say.rules, width: 'minmax(120px, 2fr)', cell: (row) => row.rules && <code>{row.rules}</code> },
    {
      id: 'told',
      title: say.told,
      width: 'minmax(160px, 3fr)',
      cell: (row) => spans(said({ description: row.english, 'x-description-zh': row.chinese }, locale)),
    },
  ]
}
