/** The fields of a body, each below the one that holds it, as its schema tells of them. */
import { useEffect, useRef, useState, type ReactNode } from 'react'
import { useLanguage } from '../i18n'
import { ActionsMenu, Button, Field } from '../ui/controls'
import ui from '../ui/ui.module.css'
import { isObject } from './code/facts'
import { entriesOf, kindOf, written, type Path } from './document'
import { adderOf, placeOf, useEditing, without, type PartProps, type Shown } from './editing'
import css from './explorer.module.css'
import { AnyPart, Choice, FilePart, TextPart } from './Leaves'
import { resolve, rulesOf, said, skeleton, typeOf } from './schema'
import type { Schema } from './spec'

/** What takes the focus in a field that was just added. */
const FOCUSABLE = 'input:not([type=file]), textarea, summary, button:not([data-remove])'

/** Frames that a menu has for giving the focus back once it is gone; it needs one. */
const FRAMES = 3

/** Gives the focus when no menu is left that would take it back, however slow the machine is. */
function focusSoon(find: () => HTMLElement | null | undefined): () => void {
  let frames = 0
  const look = () => {
    frames = document.querySelector('[role=menu]') ? 0 : frames + 1
    if (frames > FRAMES) find()?.focus()
    else next = requestAnimationFrame(look)
  }
  let next = requestAnimationFrame(look)
  return () => cancelAnimationFrame(next)
}

function useTold() {
  const { locale } = useLanguage()
  return (schema: Schema) => said(schema, locale).replaceAll('`', '')
}

export function Part(props: PartProps) {
  const { messages } = useLanguage()
  const editing = useEditing()
  const told = useTold()
  const box = useRef<HTMLDivElement>(null)
  const { path, value } = props
  const place = placeOf(path)
  useEffect(() => {
    if (editing.fresh.current !== place) return
    editing.fresh.current = ''
    return focusSoon(() => box.current?.querySelector<HTMLElement>(FOCUSABLE))
  }, [editing.fresh, place])

  const schema = resolve(props.schema, editing.schemas)
  const kind = kindOf(schema, value)
  const name = `${props.label}${props.required ? ' *' : ''}`
  const help = [typeOf(schema, editing.schemas), rulesOf(schema), told(schema)].filter(Boolean).join(' · ')
  const shown: Shown = { ...props, schema, name, help }
  const onRemove = props.onRemove
  const isWhole = path.length === 0
  return (
    <div ref={box} className={isWhole ? css.fields : css.line}>
      {onRemove && (
        <span className={css.remove}>
          <Button small kind="quiet" icon="cross" data-remove aria-label={messages.explorer.remove(written(path))} onPress={onRemove} />
        </span>
      )}
      {kind === 'object' || kind === 'map' || kind === 'list' ? (
        value === undefined ? (
          <Absent {...shown} />
        ) : isWhole ? (
          <Inner kind={kind} {...shown} />
        ) : (
          <Group {...shown}>
            <Inner kind={kind} {...shown} />
          </Group>
        )
      ) : kind === 'choice' ? (
        <Choice {...shown} />
      ) : kind === 'file' ? (
        <FilePart {...shown} />
      ) : kind === 'any' ? (
        <AnyPart {...shown} />
      ) : (
        <TextPart isNumber={kind === 'number'} {...shown} />
      )}
    </div>
  )
}

function Inner(props: Shown & { kind: 'object' | 'map' | 'list' }) {
  if (props.kind === 'object') return <Fields {...props} />
  return props.kind === 'map' ? <Entries {...props} /> : <Items {...props} />
}

function Group(props: Shown & { children: ReactNode }) {
  return (
    <div role="group" aria-label={written(props.path)}>
      <details open className={css.group}>
        <summary>
          <span className={ui.label}>{props.name}</span> <span className={ui.help}>{props.help}</span>
        </summary>
        <div className={css.fields}>{props.children}</div>
      </details>
    </div>
  )
}

/** A required object or list that is not there. */
function Absent(props: Shown) {
  const { messages } = useLanguage()
  const editing = useEditing()
  const say = messages.explorer
  return (
    <div className={ui.field}>
      <span className={ui.label}>{props.name}</span>
      <span>
        <Button
          small
          icon="plus"
          aria-label={`${say.add} ${written(props.path)}`}
          onPress={() => editing.edit({ path: props.path, value: skeleton(props.schema, editing.schemas) })}
        >
          {say.add}
        </Button>
      </span>
      <span className={ui.help}>{props.help}</span>
    </div>
  )
}

/** Takes a field away, and leaves the focus where another one can be added. */
function useRemoval(holder: Path) {
  const editing = useEditing()
  return (step: string | number) => {
    editing.edit({ path: [...holder, step], value: undefined, drafts: without(editing.drafts, holder) })
    focusSoon(() => document.getElementById(adderOf(holder)))
  }
}

/** Adds a field, as its schema wants one at least. */
function useAddition(holder: Path) {
  const editing = useEditing()
  return (step: string | number, schema: Schema) => {
    const path = [...holder, step]
    editing.fresh.current = placeOf(path)
    editing.edit({ path, value: firstOf(schema, editing.schemas) })
  }
}

function firstOf(schema: Schema, schemas: Record<string, Schema>): unknown {
  const found = resolve(schema, schemas)
  return kindOf(found, undefined) === 'any' ? '' : skeleton(found, schemas)
}

function Fields(props: Shown) {
  const { messages } = useLanguage()
  const editing = useEditing()
  const told = useTold()
  const remove = useRemoval(props.path)
  const add = useAddition(props.path)
  const say = messages.explorer
  const { schema, path } = props
  const value = isObject(props.value) ? props.value : {}
  const properties = schema.properties ?? {}
  const required = (name: string) => schema.required?.includes(name) ?? false
  const isThere = (name: string) => Object.hasOwn(value, name)
  const known = Object.keys(properties).filter((name) => isThere(name) || required(name))
  const unknown = Object.keys(value).filter((name) => !Object.hasOwn(properties, name))
  const absent = Object.entries(properties).filter(([name]) => !known.includes(name))
  return (
    <>
      {[...known, ...unknown].map((name) => (
        <Part
          key={name}
          schema={properties[name] ?? {}}
          path={[...path, name]}
          label={name}
          value={isThere(name) ? value[name] : undefined}
          required={required(name)}
          {...(isThere(name) && !required(name) && { onRemove: () => remove(name) })}
        />
      ))}
      {absent.length > 0 && (
        <span>
          <ActionsMenu
            id={adderOf(path)}
            icon="plus"
            small
            label={say.to(say.addField, written(path) || say.theBody)}
            actions={absent.map(([name, each]) => ({
              id: name,
              text: name,
              help: told(resolve(each, editing.schemas)) || typeOf(each, editing.schemas),
              onAction: () => add(name, each),
            }))}
          >
            {say.addField}
          </ActionsMenu>
        </span>
      )}
    </>
  )
}

function Items(props: Shown) {
  const { messages } = useLanguage()
  const remove = useRemoval(props.path)
  const add = useAddition(props.path)
  const say = messages.explorer
  const { schema, path } = props
  const items = Array.isArray(props.value) ? props.value : []
  return (
    <>
      {items.map((each, at) => (
        <Part
          key={at}
          schema={schema.items ?? {}}
          path={[...path, at]}
          label={`${props.label}[${at}]`}
          value={each}
          onRemove={() => remove(at)}
        />
      ))}
      <span>
        <Button
          id={adderOf(path)}
          small
          icon="plus"
          aria-label={say.to(say.addEntry, written(path) || say.theBody)}
          isDisabled={schema.maxItems !== undefined && items.length >= schema.maxItems}
          onPress={() => add(items.length, schema.items ?? {})}
        >
          {say.addEntry}
        </Button>
      </span>
    </>
  )
}

function Entries(props: Shown) {
  const { messages } = useLanguage()
  const remove = useRemoval(props.path)
  const add = useAddition(props.path)
  const [key, setKey] = useState('')
  const say = messages.explorer
  const { schema, path } = props
  const value = isObject(props.value) ? props.value : {}
  const isTaken = Object.hasOwn(value, key)
  const where = written(path) || say.theBody
  const take = () => {
    if (!key || isTaken) return
    add(key, entriesOf(schema))
    setKey('')
  }
  return (
    <>
      {Object.entries(value).map(([name, each]) => (
        <Part
          key={name}
          schema={entriesOf(schema)}
          path={[...path, name]}
          label={name}
          value={each}
          onRemove={() => remove(name)}
        />
      ))}
      <div className={css.newKey}>
        <Field
          id={adderOf(path)}
          label={say.keyOf(where)}
          hideLabel
          placeholder={say.keyOf(props.label)}
          value={key}
          onChange={setKey}
          onKeyDown={(event) => event.key === 'Enter' && take()}
          autoComplete="off"
          {...(isTaken && { wrong: say.keyTaken })}
        />
        <Button small icon="plus" aria-label={say.to(say.add, where)} isDisabled={!key || isTaken} onPress={take}>
          {say.add}
        </Button>
      </div>
    </>
  )
}
