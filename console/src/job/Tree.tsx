/** The steps of a job as a tree, and when each ran, in one grid: a row is a step. */
import { useVirtualizer } from '@tanstack/react-virtual'
import { memo, useEffect, useMemo, useRef, useState, useSyncExternalStore, type KeyboardEvent } from 'react'
import type { Step } from '../api/types'
import { useMessages } from '../i18n'
import { duration, parse, useNow } from '../time'
import { Icon } from '../ui/icons'
import { Phase, Shape, tone, type Tone } from '../ui/phase'
import { Divider, useDivided } from './Divider'
import css from './job.module.css'
import type { Attempt } from './model'
import type { Row } from './rows'
import { place, tickName, ticks, type Span } from './scale'
import type { JobStore } from './store'

interface TreeProps {
  store: JobStore
  rows: Row[]
  span: Span
  origin: number
  selected: string | undefined
  following: boolean
  onSelect: (uid: string) => void
  onOpen: (id: string, open: boolean) => void
  onManual: () => void
}

const NARROW = '(width < 640px)'
const COARSE = '(pointer: coarse)'

function useMedia(query: string): boolean {
  return useSyncExternalStore(
    (listener) => {
      const media = matchMedia(query)
      media.addEventListener('change', listener)
      return () => media.removeEventListener('change', listener)
    },
    () => matchMedia(query).matches,
  )
}

export function Tree(props: TreeProps) {
  const { store, rows, span, origin } = props
  const say = useMessages().job
  const narrow = useMedia(NARROW)
  const coarse = useMedia(COARSE)
  const height = narrow ? 62 : coarse ? 44 : 36
  const scroll = useRef<HTMLDivElement>(null)
  const [share, divide] = useDivided()
  const [focused, setFocused] = useState<string>()
  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => height,
    getItemKey: (index) => rows[index]?.id ?? index,
    overscan: 10,
    scrollPaddingStart: 32,
  })
  useEffect(() => virtualizer.measure(), [height, virtualizer])

  const running = store.job !== null && !store.isFinal
  const young = running && span.to - span.from < 20_000
  const now = useNow(running ? (young ? 250 : 1000) : 0)
  const active = rows.find((row) => row.id === focused)?.id ?? rows.find((row) => row.id === props.selected)?.id ?? rows[0]?.id

  const leaf = rows.findIndex((row) => row.step.phase === 'Running' && !row.isOpen)
  useEffect(() => {
    if (props.following && running && leaf >= 0) virtualizer.scrollToIndex(leaf, { align: 'auto' })
  }, [props.following, running, leaf, virtualizer])

  // A page that is opened at a step shows that step.
  const wanted = useRef(props.selected)
  useEffect(() => {
    const index = rows.findIndex((row) => row.id === wanted.current)
    if (index > 0) virtualizer.scrollToIndex(index, { align: 'center' })
    // Once: from then on the reader scrolls.
  }, [])

  const focus = (index: number) => {
    const row = rows[Math.max(0, Math.min(rows.length - 1, index))]
    if (!row) return
    setFocused(row.id)
    virtualizer.scrollToIndex(rows.indexOf(row), { align: 'auto' })
    // The row may only now come into the page.
    requestAnimationFrame(() =>
      requestAnimationFrame(() => scroll.current?.querySelector<HTMLElement>(`[data-id="${CSS.escape(row.id)}"]`)?.focus()),
    )
  }

  const onKeyDown = (event: KeyboardEvent) => {
    const index = rows.findIndex((row) => row.id === active)
    const row = rows[index]
    if (!row || event.ctrlKey || event.metaKey || event.altKey) return
    const parent = () => rows.findLastIndex((each, at) => at < index && each.depth < row.depth)
    const failed = (step: 1 | -1) => {
      for (let at = index + step; at >= 0 && at < rows.length; at += step) {
        if (rows[at]?.step.phase === 'Failed') return at
      }
      return index
    }
    const keys: Record<string, () => void> = {
      ArrowDown: () => focus(index + 1),
      ArrowUp: () => focus(index - 1),
      Home: () => focus(0),
      End: () => focus(rows.length - 1),
      PageDown: () => focus(index + 10),
      PageUp: () => focus(index - 10),
      ArrowRight: () => (row.hasChildren && !row.isOpen ? props.onOpen(row.id, true) : focus(index + 1)),
      ArrowLeft: () => (row.isOpen ? props.onOpen(row.id, false) : focus(parent())),
      Enter: () => props.onSelect(row.step.uid),
      ' ': () => props.onSelect(row.step.uid),
      n: () => focus(failed(1)),
      p: () => focus(failed(-1)),
    }
    const act = keys[event.key]
    if (!act) return
    event.preventDefault()
    props.onManual()
    act()
  }

  const marks = useMemo(() => ticks(span, origin, narrow ? 4 : 8), [span, origin, narrow])
  const at = (seconds: number) => ({ left: `${place(origin + seconds * 1000, span)}%` })

  return (
    <div className={css.tree} style={{ '--names': `${share}%` } as React.CSSProperties}>
      <Divider share={share} onChange={divide} />
      <div
        className={css.scroll}
        ref={scroll}
        role="treegrid"
        aria-label={say.tree}
        aria-rowcount={rows.length + 1}
        aria-colcount={4}
        onKeyDown={onKeyDown}
        onWheel={props.onManual}
        onTouchMove={props.onManual}
      >
        <div role="rowgroup" className={css.top}>
          <div role="row" aria-rowindex={1} className={`${css.line} ${css.header}`}>
            <span role="columnheader">{say.step}</span>
            <span role="columnheader">{say.phase}</span>
            <span role="columnheader" className={css.time}>
              {say.time}
            </span>
            <span role="columnheader" className={css.lane}>
              <span className="visually-hidden">{say.timeline}</span>
              {marks.map((each) => (
                <span key={each} className={css.tick} style={at(each)} aria-hidden="true">
                  {place(origin + each * 1000, span) < 97 ? tickName(each) : ''}
                </span>
              ))}
            </span>
          </div>
        </div>
        <div role="rowgroup" className={css.body} style={{ height: `${virtualizer.getTotalSize()}px` }}>
          <div className={`${css.line} ${css.grid}`} role="presentation">
            <span />
            <span />
            <span />
            <span className={css.lane}>
              {marks.map((each) => (
                <i key={each} style={at(each)} />
              ))}
              {running && <i className={css.now} style={{ left: `${place(now, span)}%` }} />}
            </span>
          </div>
          {virtualizer.getVirtualItems().map((item) => {
            const row = rows[item.index]
            if (!row) return null
            const moving = row.step.phase === 'Running' || row.folded !== null
            return (
              <Line
                key={row.id}
                row={row}
                attempts={row.folded ? NO_ATTEMPTS : store.attemptsOf(row.id)}
                index={item.index}
                top={item.start}
                height={height}
                span={span}
                origin={origin}
                now={moving && running ? now : 0}
                over={store.isFinal}
                selected={props.selected === row.id}
                active={active === row.id}
                onSelect={props.onSelect}
                onOpen={props.onOpen}
                onFocus={setFocused}
              />
            )
          })}
        </div>
      </div>
    </div>
  )
}

const NO_ATTEMPTS: Attempt[] = []

interface LineProps {
  row: Row
  attempts: Attempt[]
  index: number
  top: number
  height: number
  span: Span
  origin: number
  now: number
  over: boolean
  selected: boolean
  active: boolean
  onSelect: (uid: string) => void
  onOpen: (id: string, open: boolean) => void
  onFocus: (id: string) => void
}

const Line = memo(function Line(props: LineProps) {
  const { row, span, origin, now } = props
  const { step } = row
  const messages = useMessages()
  const say = messages.job
  const began = parse(step.startedAt)
  const ended = parse(step.endedAt)
  const seconds = took(step, now)
  const cancelled = step.cause?.class === 'cancelled'
  const phase = messages.phases[step.phase] ?? step.phase
  const text = say.rowText(
    name(step),
    phase,
    began === null ? '' : duration((began - origin) / 1000),
    seconds === null ? '' : say.took(duration(seconds)),
  )
  const style = {
    '--height': `${props.height}px`,
    '--depth': row.depth,
    transform: `translateY(${props.top}px)`,
  } as React.CSSProperties
  const folded = row.folded
  return (
    <div
      role="row"
      data-id={row.id}
      data-phase={step.phase}
      tabIndex={props.active ? 0 : -1}
      aria-label={folded ? `${step.type} ${say.folded(folded.length)}` : text}
      aria-level={row.depth + 1}
      aria-posinset={row.position}
      aria-setsize={row.size}
      aria-rowindex={props.index + 2}
      aria-selected={props.selected}
      {...(row.hasChildren && { 'aria-expanded': row.isOpen })}
      className={`${css.line} ${css.row}`}
      style={style}
      onFocus={() => props.onFocus(row.id)}
      onClick={() => (folded ? props.onOpen(row.id, !row.isOpen) : props.onSelect(step.uid))}
    >
      <span role="gridcell" className={css.name}>
        <span
          className={css.toggle}
          aria-hidden="true"
          onClick={(event) => {
            if (!row.hasChildren) return
            event.stopPropagation()
            props.onOpen(row.id, !row.isOpen)
          }}
        >
          {row.hasChildren && <Icon name="right" />}
        </span>
        <span className={css.text} title={step.uid}>
          {step.type}
          {!folded && <span className={css.muted}> {step.resourceName || step.resourceID.slice(0, 8)}</span>}
        </span>
        {folded && <span className={css.badge}>{say.folded(folded.length)}</span>}
        {!folded && step.attempt > 1 && <span className={css.badge}>×{step.attempt}</span>}
        {!folded && ended !== null && ended < origin && <span className={css.badge}>{say.kept}</span>}
        {step.estimate?.slow && <span className={`${css.badge} ${css.slow}`}>{say.slow}</span>}
      </span>
      <span role="gridcell">
        {folded ? (
          <Counts steps={folded} />
        ) : step.phase === 'Initializing' ? (
          <span className={css.muted}>{props.over ? say.skipped : say.waiting}</span>
        ) : (
          <Phase phase={step.phase} plain cancelled={cancelled} />
        )}
      </span>
      <span role="gridcell" className={css.time}>
        {seconds === null || folded ? '' : duration(seconds)}
      </span>
      <span role="gridcell" className={css.track}>
        <span aria-hidden="true">
          {folded ? (
            folded.map((each) => <Bar key={each.uid} step={each} span={span} now={now} parent />)
          ) : (
            <>
              {props.attempts
                .filter((each) => each.attempt < step.attempt)
                .map((each) => (
                  <Earlier key={each.attempt} attempt={each} span={span} />
                ))}
              {began === null && ended !== null && step.phase !== 'Initializing' ? (
                <i className={`${css.mark} ${css[step.phase] ?? ''}`} style={{ left: `${place(ended, span)}%` }} />
              ) : (
                <Bar step={step} span={span} now={now} parent={row.hasChildren} />
              )}
            </>
          )}
        </span>
      </span>
    </div>
  )
})

function Bar(props: { step: Step; span: Span; now: number; parent: boolean }) {
  const { step, span } = props
  const began = parse(step.startedAt)
  if (began === null || step.phase === 'Initializing') return null
  const ended = parse(step.endedAt) ?? (props.now || began)
  const left = place(began, span)
  const width = place(ended, span) - left
  if (left > 100 || left + width < 0) return null
  const cancelled = step.cause?.class === 'cancelled' ? css.cancelledBar : ''
  const classes = [css.bar, css[step.phase] ?? '', cancelled, props.parent ? css.parent : '']
  return <i className={classes.join(' ')} data-bar={step.phase} style={{ left: `${left}%`, width: `${width}%` }} />
}

function Earlier(props: { attempt: Attempt; span: Span }) {
  const began = parse(props.attempt.startedAt) ?? 0
  const ended = parse(props.attempt.endedAt) ?? began
  const left = place(began, props.span)
  const width = place(ended, props.span) - left
  return <i className={`${css.bar} ${css.earlier}`} style={{ left: `${left}%`, width: `${width}%` }} />
}

function Counts(props: { steps: Step[] }) {
  const numbers = new Map<Tone, number>()
  for (const step of props.steps) numbers.set(tone(step.phase), (numbers.get(tone(step.phase)) ?? 0) + 1)
  return (
    <span className={css.counts}>
      {[...numbers].map(([each, number]) => (
        <span key={each} style={{ color: `var(--${each})` }}>
          <Shape tone={each} />
          {number}
        </span>
      ))}
    </span>
  )
}

export function name(step: Step): string {
  return step.resourceName ? `${step.type} ${step.resourceName}` : step.type
}

/** Seconds that a step has run; nothing where that is not known. */
export function took(step: Step, now: number): number | null {
  if (step.duration !== null) return step.duration
  const began = parse(step.startedAt)
  if (began === null) return null
  const ended = parse(step.endedAt) ?? (step.phase === 'Running' && now ? now : null)
  return ended === null ? null : Math.max(0, (ended - began) / 1000)
}
