/** The request, to be filled in. */
import { Label, TextArea, TextField } from 'react-aria-components'
import { useLanguage } from '../i18n'
import { Button, Field, Select } from '../ui/controls'
import ui from '../ui/ui.module.css'
import css from './explorer.module.css'
import { firstValues, keyOf, parametersOf, problemOf, type Values } from './request'
import { resolve, rulesOf, typeOf } from './schema'
import { bodyOf, isInParts, type Api, type Operation, type Parameter } from './spec'

interface FormProps {
  api: Api
  operation: Operation
  values: Values
  onChange: (values: Values) => void
}

export function Form(props: FormProps) {
  const { messages } = useLanguage()
  const say = messages.explorer
  const { api, operation, values, onChange } = props
  const problem = bodyOf(operation) ? problemOf(values.body) : null
  const parameters = parametersOf(operation)
  return (
    <>
      {parameters.map((each) => (
        <One
          key={keyOf(each)}
          api={api}
          parameter={each}
          value={values.parameters[keyOf(each)] ?? ''}
          onChange={(value) => onChange({ ...values, parameters: { ...values.parameters, [keyOf(each)]: value } })}
        />
      ))}
      {bodyOf(operation) && (
        <TextField
          className={ui.field ?? ''}
          value={values.body}
          isInvalid={problem !== null}
          onChange={(body) => onChange({ ...values, body })}
        >
          <Label className={ui.label}>{isInParts(operation) ? say.parts : say.body}</Label>
          <TextArea
            className={`${ui.input} ${css.body}`}
            spellCheck={false}
            rows={Math.min(24, Math.max(4, values.body.split('\n').length + 1))}
          />
          {problem && (
            <p className={ui.wrong} role="alert">
              {problem.line === null ? say.badJson : say.badJsonLine(problem.line)} <span lang="en">{problem.text}</span>
            </p>
          )}
          <span className={css.buttons}>
            <Button small onPress={() => onChange({ ...values, body: firstValues(operation, api, '').body })}>
              {say.example}
            </Button>
          </span>
        </TextField>
      )}
      {parameters.length === 0 && !bodyOf(operation) && <p className={css.muted}>{say.takesNothing}</p>}
    </>
  )
}

function One(props: { api: Api; parameter: Parameter; value: string; onChange: (value: string) => void }) {
  const { locale, messages } = useLanguage()
  const say = messages.explorer
  const { parameter, api } = props
  const schema = resolve(parameter.schema, api.schemas)
  const label = `${parameter.name}${parameter.required ? ' *' : ''}`
  const told = said(parameter, locale).replaceAll('`', '')
  const help = [`${say.places[parameter.in] ?? parameter.in} · ${typeOf(schema, api.schemas)}`, rulesOf(schema), told]
    .filter(Boolean)
    .join(' · ')
  const choices = schema.type === 'boolean' ? ['true', 'false'] : schema.enum?.map(String)
  if (choices) {
    return (
      <Select
        label={label}
        help={help}
        value={props.value}
        onChange={props.onChange}
        options={[{ id: '', text: say.unset }, ...choices.map((id) => ({ id, text: id }))]}
      />
    )
  }
  return <Field label={label} help={help} value={props.value} onChange={props.onChange} autoComplete="off" />
}

export function said(told: { description?: string; 'x-description-zh'?: string }, locale: string): string {
  return (locale === 'zh-CN' && told['x-description-zh']) || (told.description ?? '')
}
