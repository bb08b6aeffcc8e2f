/** How something is: a colour, a shape and a word, each of which is enough. */
import { useMessages } from '../i18n'
import css from './ui.module.css'

export type Tone = 'initializing' | 'running' | 'success' | 'failed' | 'warning' | 'cancelled'

const TONES: Record<string, Tone> = {
  Initializing: 'initializing',
  Running: 'running',
  Success: 'success',
  Failed: 'failed',
  Creating: 'running',
  Available: 'success',
  Unavailable: 'warning',
  ScalingUp: 'running',
  ScalingDown: 'running',
  Deleting: 'running',
  Upgrading: 'running',
  Resizing: 'running',
  RollingBack: 'running',
  RollbackFailed: 'failed',
  Hibernating: 'running',
  Hibernation: 'initializing',
  Awaking: 'running',
  Empty: 'initializing',
  Error: 'failed',
  Active: 'success',
  Build: 'running',
  Installing: 'running',
  Abnormal: 'failed',
  running: 'success',
  available: 'success',
  installing: 'running',
  upgrading: 'running',
  deleting: 'running',
  abnormal: 'failed',
  installFailed: 'failed',
  upgradeFailed: 'failed',
}

export function tone(phase: string): Tone {
  return TONES[phase] ?? 'initializing'
}

/** Whether something with this phase is on its way to another. */
export function isMoving(phase: string): boolean {
  return tone(phase) === 'running'
}

const SHAPES: Record<Tone, React.ReactNode> = {
  initializing: (
    <>
      <circle cx="8" cy="8" r="6" />
      <path d="M5.500 8h.01M8 8h.01M10.500 8h.01" />
    </>
  ),
  running: (
    <g className={css.turns}>
      <path d="M8 2a6 6 0 1 1-6 6" />
      <path d="m5.500 1.200 2.700.8-.8 2.700" />
    </g>
  ),
  success: (
    <>
      <circle cx="8" cy="8" r="6" fill="currentColor" />
      <path d="m5.300 8.300 2 2 3.600-4" stroke="var(--mark)" />
    </>
  ),
  failed: (
    <>
      <path d="M5.500 2h5L14 5.500v5L10.500 14h-5L2 10.500v-5z" fill="currentColor" />
      <path d="m5.900 5.900 4.200 4.200m0-4.200-4.200 4.200" stroke="var(--mark)" />
    </>
  ),
  warning: (
    <>
      <path d="M8 2.200 14.300 13.500H1.700z" />
      <path d="M8 6.500v3M8 11.500h.01" />
    </>
  ),
  cancelled: (
    <>
      <circle cx="8" cy="8" r="6" />
      <path d="M4 12 12 4" />
    </>
  ),
}

export function Shape(props: { tone: Tone; mark?: string }) {
  const style = { '--mark': props.mark ?? 'var(--bg)' } as React.CSSProperties
  return (
    <svg className={css.icon} viewBox="0 0 16 16" aria-hidden="true" style={style}>
      {SHAPES[props.tone]}
    </svg>
  )
}

export function Chip(props: { tone: Tone; children: React.ReactNode; plain?: boolean; title?: string }) {
  const classes = [css.chip, css[props.tone], props.plain ? css.plain : '']
  return (
    <span className={classes.join(' ')} title={props.title}>
      <Shape tone={props.tone} mark={props.plain ? 'var(--bg)' : `var(--${props.tone}-bg)`} />
      {props.children}
    </span>
  )
}

/** A phase of the API, in the reader's words; the API's own word is in its title. */
export function Phase(props: { phase: string; plain?: boolean; cancelled?: boolean }) {
  const messages = useMessages()
  const cancelled = props.cancelled && props.phase === 'Failed'
  const word = cancelled ? messages.job.causeClasses.cancelled : messages.phases[props.phase]
  return (
    <Chip tone={cancelled ? 'cancelled' : tone(props.phase)} title={props.phase} plain={props.plain ?? false}>
      {word ?? props.phase}
    </Chip>
  )
}
