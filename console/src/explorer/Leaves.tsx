/** The fields of a body that hold no others: choices, texts, numbers, files, and any JSON. */
import { useId } from 'react'
import { FileTrigger, Label, Text, TextArea, TextField } from 'react-aria-components'
import { useLanguage } from '../i18n'
import { Button, Field, Select } from '../ui/controls'
import ui from '../ui/ui.module.css'
import { breaks, choicesOf, numberOf } from './document'
import { placeOf, useEditing, without, type Shown } from './editing'
import css from './explorer.module.css'
import { problemOf } from './request'
import { rulesOf, typeOf } from './schema'

export function Choice(props: Shown) {
  const { messages } = useLanguage()
  const editing = useEditing()
  const { schema, value } = props
  const all = choicesOf(schema) ?? []
  const listed = value === undefined || all.includes(value) ? all : [...all, value]
  const unset = { id: '', text: messages.explorer.unset }
  return (
    <Select
      label={props.name}
      help={props.help}
      value={value === undefined ? '' : String(value)}
      onChange={(id) => editing.edit({ path: props.path, value: listed.find((each) => String(each) === id) })}
      options={[...(value === undefined ? [unset] : []), ...listed.map((each) => ({ id: String(each), text: String(each) }))]}
    />
  )
}

export function TextPart(props: Shown & { isNumber: boolean }) {
  const { messages } = useLanguage()
  const editing = useEditing()
  const { schema, value, path } = props
  const text = value === undefined ? '' : String(value)
  const change = (now: string) => editing.edit({ path, value: props.isNumber ? numberOf(now) : now })
  const rules = [typeOf(schema, editing.schemas), rulesOf(schema)].filter(Boolean).join(' · ')
  const wrong = breaks(schema, value) ? messages.explorer.wanted(rules) : ''
  if (text.includes('\n')) {
    return <Long label={props.name} help={props.help} text={text} onChange={change} wrong={wrong} />
  }
  return (
    <Field
      label={props.name}
      help={props.help}
      value={text}
      onChange={change}
      autoComplete="off"
      spellCheck="false"
      {...(props.isNumber && { inputMode: 'numeric' as const })}
      {...(wrong && { wrong })}
    />
  )
}

function Long(props: { label: string; help: string; text: string; wrong: string; onChange: (text: string) => void; onBlur?: () => void }) {
  return (
    <TextField
      className={ui.field ?? ''}
      value={props.text}
      onChange={props.onChange}
      isInvalid={props.wrong !== ''}
      {...(props.onBlur && { onBlur: props.onBlur })}
    >
      <Label className={ui.label}>{props.label}</Label>
      <TextArea className={`${ui.input} ${css.body}`} spellCheck={false} rows={Math.min(12, props.text.split('\n').length)} />
      <Text slot="description" className={props.wrong ? ui.wrong : ui.help}>
        {props.wrong || props.help}
      </Text>
    </TextField>
  )
}

/** What may be any JSON, as JSON. */
export function AnyPart(props: Shown) {
  const { messages } = useLanguage()
  const editing = useEditing()
  const { value, path } = props
  const place = placeOf(path)
  const draft = editing.drafts[place]
  const text = draft ?? (value === undefined ? '' : JSON.stringify(value, null, 2))
  const isWrong = draft !== undefined && problemOf(draft) !== null
  return (
    <Long
      label={props.name}
      help={[messages.explorer.json, props.help].filter(Boolean).join(' · ')}
      text={text}
      wrong={isWrong ? messages.explorer.badJson : ''}
      onChange={(now) => {
        const parsed = problemOf(now) ? value : (JSON.parse(now) as unknown)
        editing.edit({ path, value: parsed, drafts: { ...editing.drafts, [place]: now } })
      }}
      onBlur={() => {
        if (draft !== undefined && !isWrong) editing.edit({ path, value, drafts: without(editing.drafts, path) })
      }}
    />
  )
}

export function FilePart(props: Shown) {
  const { messages } = useLanguage()
  const editing = useEditing()
  const id = useId()
  const say = messages.explorer
  const { path } = props
  const file = editing.files[String(path[0])]
  return (
    <div className={ui.field} role="group" aria-labelledby={id}>
      <span id={id} className={ui.label}>
        {props.name}
      </span>
      <span className={css.buttons}>
        <FileTrigger
          onSelect={(chosen) => {
            const [first] = chosen ?? []
            if (first) editing.edit({ path, value: first.name, file: first })
          }}
        >
          <Button>{file ? say.otherFile : say.chooseFile}</Button>
        </FileTrigger>
        <span aria-live="polite" className={css.muted}>
          {file ? `${file.name} · ${say.size(file.size)}` : say.noFile}
        </span>
      </span>
      <span className={ui.help}>{props.help}</span>
    </div>
  )
}
