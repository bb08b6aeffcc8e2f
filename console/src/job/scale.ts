/** Times of a job on a line: the part of it that is in sight, and where its marks are. */

export interface Span {
  /** Milliseconds of the server's time. */
  from: number
  to: number
}

/**
 * The whole line of a job. While it runs, the line ends a little later than now and grows in
 * steps, so that finished bars stand still in between.
 */
export function wholeSpan(from: number, end: number | null, now: number, expected: number): Span {
  if (end !== null) return { from, to: Math.max(end, from + 1) }
  const needed = Math.max((now - from) * 1.02, 0)
  let length = Math.max(4_000, expected)
  while (length < needed) length *= 1.25
  return { from, to: from + length }
}

/** A part of the line, around a moment of it. */
export function zoomed(whole: Span, zoom: number, around: number): Span {
  const length = (whole.to - whole.from) / zoom
  const from = Math.min(Math.max(around - length / 2, whole.from), whole.to - length)
  return { from, to: from + length }
}

/** Where a time is, in percent of the line. */
export function place(time: number, span: Span): number {
  return ((time - span.from) / (span.to - span.from)) * 100
}

const SIZES = [
  0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 18_000, 36_000, 86_400, 172_800, 432_000,
]

/** Seconds after `origin` at which the line has marks: round ones, and few. */
export function ticks(span: Span, origin: number, most: number): number[] {
  const length = (span.to - span.from) / 1000
  const size = SIZES.find((each) => length / each <= most) ?? length
  const first = Math.ceil((span.from - origin) / 1000 / size) * size
  const marks: number[] = []
  for (let at = first; at * 1000 + origin <= span.to; at += size) marks.push(Number(at.toFixed(2)))
  return marks
}

/** "0", "20s", "1m 30s", "2h": how a mark is called. */
export function tickName(seconds: number): string {
  if (seconds === 0) return '0'
  if (seconds < 60) return `${seconds}s`
  if (seconds < 3600) {
    const rest = Math.round(seconds % 60)
    return `${Math.floor(seconds / 60)}m${rest ? ` ${rest}s` : ''}`
  }
  const rest = Math.round((seconds % 3600) / 60)
  return `${Math.floor(seconds / 3600)}h${rest ? ` ${rest}m` : ''}`
}
