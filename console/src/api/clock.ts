/** The server's clock: what it tells is never compared with another one. */

let offset = 0

/** The server's time now, in milliseconds. */
export function serverNow(): number {
  return Date.now() + offset
}

/** Take the time of an answer. */
export function keepTime(answer: Response): void {
  const told = Date.parse(answer.headers.get('Date') ?? '')
  if (Number.isNaN(told)) return
  const difference = told + 500 - Date.now()
  // The header tells whole seconds only.
  offset = Math.abs(difference) < 1500 ? 0 : difference
}

/** Begins to watch: whether what is known of the server's clock has become very different since. */
export function watchTime(): () => boolean {
  const before = offset
  return () => Math.abs(offset - before) > VERY
}

const VERY = 60_000
