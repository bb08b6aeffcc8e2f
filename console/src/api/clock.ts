/** The server's clock: what it tells is never compared with another one. */

let offset = 0

/** The server's time now, in milliseconds. */
export function serverNow(): number {
  return Date.now() + offset
}

/** Take the time of an answer. Tells whether it was very different from what was known. */
export function keepTime(answer: Response): boolean {
  const told = Date.parse(answer.headers.get('Date') ?? '')
  if (Number.isNaN(told)) return false
  const difference = told + 500 - Date.now()
  const before = offset
  // The header tells whole seconds only.
  offset = Math.abs(difference) < 1500 ? 0 : difference
  return Math.abs(offset - before) > VERY
}

const VERY = 60_000
