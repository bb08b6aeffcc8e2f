/** Sending what stands in the form, and the answer as it came. */
import { session, shown } from '../api/session'
import { isObject } from './code/facts'
import type { Request } from './request'

export interface Answer {
  status: number
  milliseconds: number
  bytes: number
  requestId: string
  headers: [string, string][]
  body: string
  /** Whether more came, or would have. */
  isCut: boolean
  jobId: string | null
}

const MOST = 1 << 20
const PATIENCE = 65_000
/** Milliseconds after which a stream is cut. Whoever asks to wait is answered within 60 s. */

/** Throws what fetch throws where there is no answer. */
export async function sendNow(request: Request, signal: AbortSignal): Promise<Answer> {
  const headers = new Headers({ 'Accept-Language': document.documentElement.lang })
  for (const [name, value] of request.headers) headers.set(name, value)
  const init: RequestInit = { method: request.operation.method, headers, credentials: 'omit', cache: 'no-store', signal }
  if (request.body !== undefined) {
    headers.set('Content-Type', 'application/json')
    init.body = JSON.stringify(request.body)
  }
  const { address, operation } = request
  const now = session()
  const proof = now ? shown(now, { method: operation.method, address, body: init.body as string | undefined }, now.project.id) : {}
  for (const [name, value] of Object.entries(proof)) headers.set(name, value)
  const began = performance.now()
  const answer = await fetch(request.address, init)
  const { text, bytes, isCut } = await limited(answer)
  return {
    status: answer.status,
    milliseconds: performance.now() - began,
    bytes,
    requestId: answer.headers.get('X-Request-Id') ?? '',
    headers: [...answer.headers],
    ...pretty(text),
    isCut,
  }
}

async function limited(answer: Response): Promise<{ text: string; bytes: number; isCut: boolean }> {
  const reader = answer.body?.getReader()
  if (!reader) return { text: '', bytes: 0, isCut: false }
  const decoder = new TextDecoder()
  const late = setTimeout(() => void reader.cancel(), PATIENCE)
  let [text, bytes] = ['', 0]
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return { text, bytes, isCut: false }
      text += decoder.decode(value, { stream: true })
      bytes += value.length
      if (bytes > MOST) {
        await reader.cancel()
        return { text, bytes, isCut: true }
      }
    }
  } finally {
    clearTimeout(late)
  }
}

function pretty(text: string): { body: string; jobId: string | null } {
  try {
    const body: unknown = JSON.parse(text)
    return { body: JSON.stringify(body, null, 2), jobId: jobOf(body) }
  } catch {
    return { body: text, jobId: null }
  }
}

/** The job that an answer names, in each of the spellings of the API. */
function jobOf(body: unknown): string | null {
  if (!isObject(body)) return null
  for (const holder of [body.status, body.metadata, body]) {
    if (!isObject(holder)) continue
    const found = holder.jobID ?? holder.jobid ?? holder.jobId ?? holder.job_id ?? holder.jobUID
    if (typeof found === 'string' && found) return found
  }
  return null
}
