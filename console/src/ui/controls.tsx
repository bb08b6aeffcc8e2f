/** Buttons, fields, menus and dialogs, as all pages use them. */
import { useEffect, useRef, useState, type ReactNode } from 'react'
import {
  Button as AriaButton,
  Dialog as AriaDialog,
  FieldError,
  Heading,
  Input,
  Label,
  ListBox,
  ListBoxItem,
  Menu as AriaMenu,
  MenuItem,
  MenuTrigger,
  Modal,
  ModalOverlay,
  Popover,
  Select as AriaSelect,
  SelectValue,
  Text,
  TextField,
  type ButtonProps as AriaButtonProps,
  type TextFieldProps,
} from 'react-aria-components'
import { useMessages } from '../i18n'
import { Icon, type IconName } from './icons'
import css from './ui.module.css'

interface Looks {
  kind?: 'primary' | 'danger' | 'quiet'
  small?: boolean
  icon?: IconName
}

export function buttonClass(looks: Looks = {}): string {
  const extra = [looks.kind ? css[looks.kind] : '', looks.small ? css.small : '']
  return [css.button, ...extra].filter(Boolean).join(' ')
}

/**
 * What is under way is `isPending`: a disabled button would lose the focus, and its dialog the keys. React
 * Aria's own announces a button by its id, which may have left the page with what the button did.
 */
export function Button({ kind, small, icon, isPending, children, ...props }: AriaButtonProps & Looks & { children?: ReactNode }) {
  const still: AriaButtonProps = isPending ? { 'aria-disabled': true, type: 'button', onPress: () => undefined } : {}
  return (
    <AriaButton {...props} {...still} className={buttonClass({ ...(kind && { kind }), ...(small && { small }) })}>
      {icon && <Icon name={icon} />}
      {children}
    </AriaButton>
  )
}

interface FieldProps extends TextFieldProps {
  label: string
  help?: string
  wrong?: string
  placeholder?: string
  hideLabel?: boolean
}

export function Field({ label, help, wrong, placeholder, hideLabel, ...props }: FieldProps) {
  return (
    <TextField {...props} isInvalid={Boolean(wrong)} className={css.field ?? ''}>
      <Label className={hideLabel ? 'visually-hidden' : css.label}>{label}</Label>
      <Input className={css.input ?? ''} placeholder={placeholder ?? ''} />
      {help && !wrong && (
        <Text slot="description" className={css.help}>
          {help}
        </Text>
      )}
      <FieldError className={css.wrong ?? ''}>{wrong}</FieldError>
    </TextField>
  )
}

const TYPING = 250
/** Milliseconds after the last key before what was typed goes into the address. */

interface FilterFieldProps extends FieldProps {
  value: string
  onChange: (text: string) => void
}

/**
 * A field whose text belongs into the address. The router gives it back late, which would move the
 * caret and break what an input method composes: so the field has its own text, and tells it afterwards.
 */
export function FilterField({ value, onChange, ...props }: FilterFieldProps) {
  const [typed, setTyped] = useState(value)
  const told = useRef(value)
  const tell = useRef(onChange)
  tell.current = onChange
  useEffect(() => {
    if (value === told.current) return
    // The address was changed by something else.
    told.current = value
    setTyped(value)
  }, [value])
  useEffect(() => {
    if (typed === told.current) return
    const timer = setTimeout(() => {
      told.current = typed
      tell.current(typed)
    }, TYPING)
    return () => clearTimeout(timer)
  }, [typed])
  return <Field {...props} value={typed} onChange={setTyped} />
}

export interface Option {
  id: string
  text: string
}

interface SelectProps {
  label: string
  options: Option[]
  value: string
  onChange: (value: string) => void
  hideLabel?: boolean
  help?: string
}

/** The option with the empty id stands for "no choice". */
export function Select({ label, options, value, onChange, hideLabel, help }: SelectProps) {
  return (
    <AriaSelect
      className={css.field ?? ''}
      value={value || NONE}
      onChange={(key) => onChange(key === NONE ? '' : String(key))}
      aria-label={hideLabel ? label : ''}
    >
      {!hideLabel && <Label className={css.label}>{label}</Label>}
      <AriaButton className={css.select ?? ''}>
        {hideLabel ? (
          <SelectValue>{({ selectedText }) => `${label}: ${selectedText ?? ''}`}</SelectValue>
        ) : (
          <SelectValue />
        )}
        <Icon name="down" />
      </AriaButton>
      {help && (
        <Text slot="description" className={css.help}>
          {help}
        </Text>
      )}
      <Popover className={css.popover ?? ''}>
        <ListBox className={css.list ?? ''} items={options.map((each) => ({ ...each, id: each.id || NONE }))}>
          {(item) => (
            <ListBoxItem id={item.id} textValue={item.text} className={css.item ?? ''}>
              {item.text}
            </ListBoxItem>
          )}
        </ListBox>
      </Popover>
    </AriaSelect>
  )
}

const NONE = '-'

export interface Action {
  id: string
  text: string
  help?: string
  onAction: () => void
  isDisabled?: boolean
}

interface ActionsMenuProps {
  label: string
  actions: Action[]
  children?: ReactNode
  icon?: IconName
  kind?: 'quiet'
  small?: boolean
  id?: string
}

export function ActionsMenu(props: ActionsMenuProps) {
  return (
    <MenuTrigger>
      <Button
        aria-label={props.label}
        icon={props.icon ?? 'more'}
        small={props.small ?? false}
        {...(props.kind && { kind: props.kind })}
        {...(props.id && { id: props.id })}
      >
        {props.children}
      </Button>
      <Popover className={css.popover ?? ''} placement="bottom end">
        <AriaMenu
          className={css.list ?? ''}
          disabledKeys={props.actions.filter((each) => each.isDisabled).map((each) => each.id)}
          onAction={(key) => props.actions.find((each) => each.id === key)?.onAction()}
        >
          {props.actions.map((each) => (
            <MenuItem key={each.id} id={each.id} textValue={each.text} className={css.item ?? ''}>
              {each.help ? (
                <span className={css.itemTexts}>
                  <span>{each.text}</span> <span className={css.help}>{each.help}</span>
                </span>
              ) : (
                each.text
              )}
            </MenuItem>
          ))}
        </AriaMenu>
      </Popover>
    </MenuTrigger>
  )
}

interface DialogProps {
  title: string
  isOpen: boolean
  onClose: () => void
  wide?: boolean
  alert?: boolean
  /** Whether no key closes it, not even Escape. */
  keep?: boolean
  children: ReactNode
}

export function Dialog(props: DialogProps) {
  return (
    <ModalOverlay
      className={css.overlay ?? ''}
      isOpen={props.isOpen}
      onOpenChange={(open) => !open && props.onClose()}
      isDismissable={!props.alert}
      isKeyboardDismissDisabled={props.keep ?? false}
    >
      <Modal className={css.modal ?? ''} style={props.wide ? ({ '--width': '820px' } as React.CSSProperties) : {}}>
        <AriaDialog className={css.dialog ?? ''} role={props.alert ? 'alertdialog' : 'dialog'}>
          <Heading slot="title" level={2}>
            {props.title}
          </Heading>
          {props.children}
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  )
}

export function Actions(props: { children: ReactNode }) {
  return <div className={css.actions}>{props.children}</div>
}

/** Copy a text. Browsers offer a clipboard only to pages that came over TLS or from this host. */
export function CopyButton(props: { text: () => string; label?: string; icon?: IconName; small?: boolean }) {
  const messages = useMessages()
  const [state, setState] = useState<'' | 'copied' | 'failed'>('')
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  const told = state === 'copied' ? messages.app.copied : state === 'failed' ? messages.app.copyFailed : ''
  return (
    <Button
      icon={props.icon ?? 'document'}
      small={props.small ?? false}
      onPress={() => {
        void copy(props.text()).then((done) => {
          setState(done ? 'copied' : 'failed')
          clearTimeout(timer.current)
          timer.current = setTimeout(() => setState(''), 2500)
        })
      }}
    >
      <span aria-live="polite">{told || (props.label ?? messages.app.copy)}</span>
    </Button>
  )
}

async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    const area = document.createElement('textarea')
    area.value = text
    document.body.append(area)
    area.select()
    const done = document.execCommand('copy')
    area.remove()
    return done
  }
}
