/** Why a job failed, before anything else: what, where, and what to do. */
import { Fragment, type ReactNode } from 'react'
import type { Cause as CauseOf, Step } from '../api/types'
import { useMessages } from '../i18n'
import { Button, CopyButton } from '../ui/controls'
import css from './job.module.css'
import { name } from './Tree'
import { wordsOf } from './words'

/** A sentence in which what stands between backticks is code. */
export function Prose(props: { text: string }): ReactNode {
  return props.text.split('`').map((part, at) => (at % 2 ? <code key={at}>{part}</code> : part))
}

interface CauseProps {
  cause: CauseOf
  step: Step | undefined
  alsoFailed: number
  neverStarted: number
  asText: () => string
  onSelect: (uid: string) => void
  resume: { can: boolean; busy: boolean; run: () => void }
}

export function CauseStrip(props: CauseProps) {
  const messages = useMessages()
  const say = messages.job
  const { cause, step } = props
  const { means, action } = wordsOf(cause, messages)
  const cancelled = cause.class === 'cancelled'
  return (
    <section
      className={`${css.cause} ${cancelled ? css.isCancelled : ''}`}
      aria-label={say.cause}
      data-testid="cause"
    >
      <div className={css.causeHead}>
        <span className={css.causeClass}>{say.causeClasses[cause.class] ?? cause.class}</span>
        <button type="button" className={css.causeLink} onClick={() => props.onSelect(cause.step)}>
          {step ? name(step) : cause.stepType}
        </button>
      </div>
      <p className={css.causeText}>{cause.message}</p>
      {means && <p>{means}</p>}
      {action && (
        <p>
          <strong>{say.whatToDo}:</strong> <Prose text={action} />
        </p>
      )}
      <div className={css.causeFoot}>
        {props.resume.can && (
          <Button kind="primary" small icon="play" isPending={props.resume.busy} onPress={props.resume.run}>
            {say.resumeHere}
          </Button>
        )}
        <CopyButton small text={props.asText} />
        <span>
          {[
            cause.code && (
              <Fragment key="code">
                {say.code} <code>{cause.code}</code>
              </Fragment>
            ),
            !cancelled && cause.code && ` · ${cause.retryable ? say.retryable : say.notRetryable}`,
            !cancelled && props.alsoFailed > 0 && ` · ${say.alsoFailed(props.alsoFailed)}`,
            props.neverStarted > 0 && ` · ${say.neverStarted(props.neverStarted)}`,
          ]}
        </span>
      </div>
    </section>
  )
}
