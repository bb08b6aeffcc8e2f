/** What stands in the place of data: loading, nothing, an error. */
import type { ReactNode } from 'react'
import { Refusal, Unreachable } from '../api/client'
import { useMessages } from '../i18n'
import { Button } from './controls'
import css from './ui.module.css'

export function Skeleton(props: { rows?: number }) {
  const messages = useMessages()
  return (
    <div role="status" className={css.skeleton}>
      {Array.from({ length: props.rows ?? 6 }, (_, row) => (
        <span key={row} />
      ))}
      <p className="visually-hidden">{messages.app.loading}</p>
    </div>
  )
}

export function Empty(props: { title: string; children?: ReactNode }) {
  return (
    <div className={css.empty}>
      <h2>{props.title}</h2>
      {props.children}
    </div>
  )
}

/** An error in words, with the id under which the server's log has it. */
export function Failure(props: { error: unknown; onRetry?: () => void; mild?: boolean }) {
  const messages = useMessages()
  const { error } = props
  const refusal = error instanceof Refusal ? error : null
  const text = refusal ? refusal.message : error instanceof Unreachable ? messages.app.unreachable : String(error)
  return (
    <div className={`${css.note} ${props.mild ? css.noteMild : ''}`} role="alert">
      <p className={css.noteTitle}>{refusal?.isGone ? messages.app.gone : messages.app.error}</p>
      <p>{text}</p>
      {refusal && (
        <p className={css.help}>
          {refusal.code} · {messages.app.request} <code>{refusal.requestId}</code>
        </p>
      )}
      {props.onRetry && (
        <Button small onPress={props.onRetry}>
          {messages.app.retry}
        </Button>
      )}
    </div>
  )
}

/** A refusal of what a form asked for, without the frame of a failed page. */
export function Refused(props: { error: unknown }) {
  const messages = useMessages()
  const { error } = props
  if (!error) return null
  const text = error instanceof Refusal ? error.message : error instanceof Unreachable ? messages.app.unreachable : String(error)
  return (
    <p className={css.wrong} role="alert">
      {text}
    </p>
  )
}

export function Note(props: { children: ReactNode }) {
  return <div className={`${css.note} ${css.noteMild}`}>{props.children}</div>
}
