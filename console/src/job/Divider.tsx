/** What the reader moves to give the names of steps, or the timeline, more room. */
import { useState, type KeyboardEvent, type PointerEvent } from 'react'
import { useMessages } from '../i18n'
import css from './job.module.css'

const KEY = 'clusterwright.names'
const [LEAST, USUAL, MOST] = [12, 30, 60]
const STEP = 2

/** The share of the names, in percent of the whole width, as it was chosen last. */
export function useDivided(): [number, (share: number) => void] {
  const [share, setShare] = useState(() => bounded(Number(localStorage.getItem(KEY)) || USUAL))
  const divide = (wanted: number) => {
    const next = bounded(wanted)
    setShare(next)
    localStorage.setItem(KEY, String(next))
  }
  return [share, divide]
}

function bounded(share: number): number {
  return Math.round(Math.min(MOST, Math.max(LEAST, share)) * 10) / 10
}

export function Divider(props: { share: number; onChange: (share: number) => void }) {
  const say = useMessages().job
  const { share, onChange } = props
  const onKeyDown = (event: KeyboardEvent) => {
    const keys: Record<string, number> = {
      ArrowLeft: share - STEP,
      ArrowRight: share + STEP,
      Home: LEAST,
      End: MOST,
      Enter: USUAL,
    }
    const next = keys[event.key]
    if (next === undefined) return
    event.preventDefault()
    onChange(next)
  }
  const onPointerDown = (event: PointerEvent<HTMLDivElement>) => {
    const handle = event.currentTarget
    const width = handle.parentElement?.clientWidth ?? 0
    if (event.button !== 0 || !width) return
    event.preventDefault()
    handle.focus()
    handle.setPointerCapture(event.pointerId)
    const from = event.clientX
    const move = (moved: globalThis.PointerEvent) => onChange(share + ((moved.clientX - from) / width) * 100)
    const stop = () => {
      handle.removeEventListener('pointermove', move)
      handle.removeEventListener('lostpointercapture', stop)
    }
    handle.addEventListener('pointermove', move)
    handle.addEventListener('lostpointercapture', stop)
  }
  return (
    <div
      className={css.divider}
      style={{ '--share': share } as React.CSSProperties}
      role="separator"
      aria-orientation="vertical"
      aria-label={say.divider}
      aria-valuenow={Math.round(share)}
      aria-valuemin={LEAST}
      aria-valuemax={MOST}
      tabIndex={0}
      onKeyDown={onKeyDown}
      onPointerDown={onPointerDown}
      onDoubleClick={() => onChange(USUAL)}
    />
  )
}
