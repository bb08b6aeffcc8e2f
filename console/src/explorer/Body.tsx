/** The body of a request: as a form and as JSON, of which each shows what was done in the other. */
import { useRef } from 'react'
import { Label, Tab, TabList, TabPanel, Tabs, TextArea, TextField } from 'react-aria-components'
import { useMessages } from '../i18n'
import { Button } from '../ui/controls'
import ui from '../ui/ui.module.css'
import { changed } from './document'
import { Editing, type Edit } from './editing'
import css from './explorer.module.css'
import { Part } from './Fields'
import { firstValues, problemOf, type Problem, type Values } from './request'
import { bodyOf, isInParts, type Api, type Operation } from './spec'

/** A request that is filled in, and in which of its views. */
export interface RequestProps {
  api: Api
  operation: Operation
  values: Values
  onChange: (values: Values) => void
  asJson: boolean
  onAsJson: (yes: boolean) => void
}

export function Body(props: RequestProps) {
  const say = useMessages().explorer
  const { api, operation, values, onChange } = props
  const name = isInParts(operation) ? say.parts : say.body
  return (
    <section className={css.section} aria-label={name}>
      <div className={css.bar}>
        <h3>{name}</h3>
        <Button small onPress={() => onChange({ ...values, ...firstBody(operation, api) })}>
          {say.example}
        </Button>
      </div>
      <Tabs
        className={css.tabs ?? ''}
        selectedKey={props.asJson ? 'json' : 'form'}
        onSelectionChange={(key) => props.onAsJson(key === 'json')}
      >
        <TabList className={ui.tabList ?? ''} aria-label={say.views}>
          <Tab id="form" className={ui.tab ?? ''}>
            {say.form}
          </Tab>
          <Tab id="json" className={ui.tab ?? ''}>
            {say.json}
          </Tab>
        </TabList>
        <TabPanel id="form" className={css.panel ?? ''}>
          <Fields api={api} operation={operation} values={values} onChange={onChange} />
        </TabPanel>
        <TabPanel id="json" className={css.panel ?? ''}>
          <Json name={name} values={values} onChange={onChange} {...(isInParts(operation) && { help: say.partsHelp })} />
        </TabPanel>
      </Tabs>
    </section>
  )
}

function firstBody(operation: Operation, api: Api): Partial<Values> {
  const { body, drafts, files } = firstValues(operation, api, '')
  return { body, drafts, files }
}

function Fields(props: Pick<RequestProps, 'api' | 'operation' | 'values' | 'onChange'>) {
  const say = useMessages().explorer
  const { api, operation, values, onChange } = props
  const fresh = useRef('')
  const problem = problemOf(values.body)
  if (problem) {
    return (
      <>
        <Wrong problem={problem} />
        <p className={css.muted}>{say.mendJson}</p>
      </>
    )
  }
  const body: unknown = JSON.parse(values.body)
  const edit: Edit = ({ path, value, drafts, file }) => {
    const next = { ...values, body: JSON.stringify(changed(body, path, value), null, 2) }
    if (drafts) next.drafts = drafts
    if (file) next.files = { ...values.files, [String(path[0])]: file }
    onChange(next)
  }
  return (
    <Editing value={{ schemas: api.schemas, drafts: values.drafts, files: values.files, edit, fresh }}>
      <Part schema={bodyOf(operation)?.schema ?? {}} path={[]} label={say.theBody} value={body} />
    </Editing>
  )
}

function Json(props: { name: string; help?: string; values: Values; onChange: (values: Values) => void }) {
  const { values } = props
  const problem = problemOf(values.body)
  return (
    <TextField
      className={ui.field ?? ''}
      value={values.body}
      isInvalid={problem !== null}
      onChange={(body) => props.onChange({ ...values, body, drafts: {} })}
    >
      <Label className="visually-hidden">{props.name}</Label>
      <TextArea
        className={`${ui.input} ${css.body}`}
        spellCheck={false}
        rows={Math.min(24, Math.max(4, values.body.split('\n').length + 1))}
      />
      {props.help && <p className={ui.help}>{props.help}</p>}
      {problem && <Wrong problem={problem} />}
    </TextField>
  )
}

function Wrong(props: { problem: Problem }) {
  const say = useMessages().explorer
  const { line, text } = props.problem
  return (
    <p className={ui.wrong} role="alert">
      {line === null ? say.badJson : say.badJsonLine(line)} <span lang="en">{text}</span>
    </p>
  )
}
