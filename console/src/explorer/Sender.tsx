/** Sends the form to this server, and shows what it answers. */
import { Link } from '@tanstack/react-router'
import { useEffect, useRef, useState } from 'react'
import { hasExpired, useSession } from '../api/session'
import { useMessages } from '../i18n'
import { Actions, Button, CopyButton, Dialog } from '../ui/controls'
import { Note } from '../ui/states'
import { download } from '../ui/download'
import ui from '../ui/ui.module.css'
import css from './explorer.module.css'
import type { Request } from './request'
import { sendNow, Unreadable, type Answer } from './send'

/** Whether somebody has said in this tab that requests may change things. */
let mayChange = false
/** What an anonymous caller is answered, too. */
const PUBLIC = /^\/(healthz|readyz)?$|^\/v3\/?$|^\/v3\/auth\/tokens$/

type State = { is: 'idle' } | { is: 'busy' } | { is: 'failed'; isFile: boolean } | { is: 'answered'; answer: Answer }

export function Sender(props: { request: Request; missing: string[]; badBody: boolean; here: string }) {
  const messages = useMessages()
  const say = messages.explorer
  const session = useSession()
  const { request } = props
  const { method, path } = request.operation
  const [state, setState] = useState<State>({ is: 'idle' })
  const [asking, setAsking] = useState(false)
  const control = useRef<AbortController>(undefined)
  useEffect(() => () => control.current?.abort(), [])

  const send = () => {
    setAsking(false)
    control.current?.abort()
    const now = new AbortController()
    control.current = now
    setState({ is: 'busy' })
    sendNow(request, now.signal).then(
      (answer) => setState({ is: 'answered', answer }),
      (error) => setState(now.signal.aborted ? { is: 'idle' } : { is: 'failed', isFile: error instanceof Unreadable }),
    )
  }
  const changes = method !== 'GET' && method !== 'HEAD'
  if (!session && !PUBLIC.test(path)) {
    return (
      <p role="status">
        {hasExpired() && `${messages.signIn.expired} `}
        <Link to="/signin" search={{ next: props.here }}>
          {say.signInToSend}
        </Link>
      </p>
    )
  }
  return (
    <>
      <div className={css.buttons}>
        <Button
          kind="primary"
          icon="play"
          isDisabled={props.missing.length > 0 || props.badBody}
          isPending={state.is === 'busy'}
          onPress={() => (changes && !mayChange ? setAsking(true) : send())}
        >
          {state.is === 'busy' ? say.sending : say.send}
        </Button>
        {state.is === 'busy' && <Button onPress={() => control.current?.abort()}>{say.stop}</Button>}
        {props.missing.length > 0 && <span className={css.muted}>{say.missing(props.missing.join(', '))}</span>}
      </div>
      <div aria-live="polite">
        {state.is === 'failed' && (
          <Note>
            <p>{state.isFile ? say.unreadable : messages.app.unreachable}</p>
          </Note>
        )}
        {state.is === 'answered' && <Shown answer={state.answer} />}
      </div>
      <Dialog title={say.changesTitle} isOpen={asking} onClose={() => setAsking(false)} alert>
        <p>{say.changes(method)}</p>
        <Actions>
          <Button onPress={() => setAsking(false)}>{messages.app.cancel}</Button>
          <Button
            kind="primary"
            onPress={() => {
              mayChange = true
              send()
            }}
          >
            {say.send}
          </Button>
        </Actions>
      </Dialog>
    </>
  )
}

function Shown(props: { answer: Answer }) {
  const messages = useMessages()
  const say = messages.explorer
  const { answer } = props
  return (
    <section className={css.answer} aria-label={say.answer} data-testid="answer">
      <p className={css.facts}>
        <span className={css.status} data-good={answer.status < 400}>
          {answer.status}
        </span>
        <span>{Math.round(answer.milliseconds)} ms</span>
        <span>{say.size(answer.bytes)}</span>
        {answer.requestId && (
          <span>
            {messages.app.request} <code>{answer.requestId}</code>
          </span>
        )}
        {answer.jobId && (
          <Link to="/jobs/$jobId" params={{ jobId: answer.jobId }}>
            {messages.clusters.follow}
          </Link>
        )}
      </p>
      {answer.isCut && <p className={css.muted}>{say.cut}</p>}
      {answer.file && <GetFile file={answer.file} />}
      {answer.body && (
        <>
          <pre className={ui.code} tabIndex={0}>
            {answer.body}
          </pre>
          <div>
            <CopyButton small text={() => answer.body} />
          </div>
        </>
      )}
      <details>
        <summary>{say.headers}</summary>
        <pre className={ui.code} tabIndex={0}>
          {answer.headers.map(([name, value]) => `${name}: ${value}`).join('\n')}
        </pre>
      </details>
    </section>
  )
}

function GetFile(props: { file: File }) {
  const say = useMessages().explorer
  const { file } = props
  return (
    <div>
      <Button small onPress={() => download(file.name, file)}>
        {say.download(file.name)}
      </Button>
    </div>
  )
}
