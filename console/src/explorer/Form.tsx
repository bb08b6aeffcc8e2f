/** The request, to be filled in. */
import { useLanguage } from '../i18n'
import { Field, Select } from '../ui/controls'
import { Body, type RequestProps } from './Body'
import css from './explorer.module.css'
import { keyOf, parametersOf } from './request'
import { resolve, rulesOf, said, typeOf } from './schema'
import { bodyOf, type Api, type Parameter } from './spec'

export function Form(props: RequestProps) {
  const { messages } = useLanguage()
  const say = messages.explorer
  const { api, operation, values, onChange } = props
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
      {bodyOf(operation) && <Body {...props} />}
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
