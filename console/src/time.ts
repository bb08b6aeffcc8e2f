/** Times and durations, in the reader's language. */
import { useEffect, useState } from 'react'
import { serverNow } from './api/clock'

/** Milliseconds of a time as the server writes it, in either of its two forms. */
export function parse(time: string | null | undefined): number | null {
  if (!time) return null
  const given = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(\.\d+)? \+0000 UTC$/.exec(time)
  const value = Date.parse(given ? `${given[1]}T${given[2]}${(given[3] ?? '').slice(0, 4)}Z` : time)
  return Number.isNaN(value) ? null : value
}

/** "4.5 s", "1m 12s", "2h 05m": of units that need no translation. */
export function duration(seconds: number): string {
  if (seconds > 0 && seconds < 0.095) return `${Math.ceil(seconds * 1000)}ms`
  if (seconds < 9.95) return `${Math.max(0, seconds).toFixed(1)}s`
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole}s`
  const two = (n: number) => String(n).padStart(2, '0')
  if (whole < 3600) return `${Math.floor(whole / 60)}m ${two(whole % 60)}s`
  if (whole < 86_400) return `${Math.floor(whole / 3600)}h ${two(Math.floor((whole % 3600) / 60))}m`
  return `${Math.floor(whole / 86_400)}d ${Math.floor((whole % 86_400) / 3600)}h`
}

export function absolute(time: number, locale: string): string {
  return new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'long' }).format(time)
}

export function clock(time: number, locale: string): string {
  return new Intl.DateTimeFormat(locale, { timeStyle: 'medium', hourCycle: 'h23' }).format(time)
}

const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
]

export function relative(time: number, now: number, locale: string): string {
  const seconds = Math.min(0, (time - now) / 1000)
  const [unit, size] = UNITS.find(([, size]) => -seconds >= size) ?? ['second', 1]
  const format = new Intl.RelativeTimeFormat(locale, { numeric: 'auto', style: 'short' })
  return format.format(Math.ceil(seconds / size), unit)
}

/** The server's time, again after each so many milliseconds; it stands still at 0. */
export function useNow(every: number): number {
  const [now, setNow] = useState(serverNow)
  useEffect(() => {
    if (!every) return
    setNow(serverNow())
    const timer = setInterval(() => setNow(serverNow()), every)
    return () => clearInterval(timer)
  }, [every])
  return now
}
