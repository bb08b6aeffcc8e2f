/** Sending what stands in the form, and the answer as it came. */
import { call } from '../api/client'
import { session, shown } from '../api/session'
import { isObject } from './code/facts'
import type { Request } from './request'
import { isInParts } from './spec'

export interface Answer {
  status: number
  milliseconds: number
  bytes: number
  requestId: string
  headers: [string, string][]
  /** What is shown; empty where the answer is a file. */
  body: string
  file: File | null
  /** Whether more came, or would have. */
  isCut: boolean
  jobId: string | null
}

const MOST = 1 << 20
const MOST_OF_FILE = 1 << 28
const PATIENCE = 65_000
/** Milliseconds after which a stream is cut. Whoever asks to wait is answered within 60 s. */

/** A file that was chosen and cannot be read any more. */
export class Unreadable extends Error {}

/** The body in parts, and its type, which says where one part ends. Throws Unreadable. */
async function packed(request: Request): Promise<[type: string, bytes: Uint8Array<ArrayBuffer>]> {
  const form = new FormData()
  for (const [name, value] of Object.entries(isObject(request.body) ? request.body : {})) {
    const file = request.files[name]
    const text = typeof value === 'string' ? value : JSON.stringify(value)
    if (file) form.append(name, file, text)
    else form.append(name, text)
  }
  const made = new Response(form)
  try {
    return [made.headers.get('Content-Type') ?? '', new Uint8Array(await made.arrayBuffer())]
  } catch (error) {
    throw new Unreadable(String(error))
  }
}

/** Throws what fetch throws where there is no answer, and Unreadable. */
export async function sendNow(request: Request, signal: AbortSignal): Promise<Answer> {
  const headers = new Headers({ 'Accept-Language': document.documentElement.lang })
  for (const [name, value] of request.headers) headers.set(name, value)
  const init: RequestInit = { method: request.operation.method, headers, credentials: 'omit', cache: 'no-store', signal }
  let body: string | Uint8Array<ArrayBuffer> | undefined
  if (isInParts(request.operation)) {
    // Made here rather than by the browser, because what is signed is what is sent.
    const [type, bytes] = await packed(request)
    headers.set('Content-Type', type)
    body = bytes
  } else if (request.body !== undefined) {
    headers.set('Content-Type', 'application/json')
    body = JSON.stringify(request.body)
  }
  if (body !== undefined) init.body = body
  const { address, operation } = request
  const now = session()
  const proof = now ? shown(now, { method: operation.method, address, body }, now.project.id) : {}
  for (const [name, value] of Object.entries(proof)) headers.set(name, value)
  const began = performance.now()
  const answer = await fetch(request.address, init)
  // What the form says may be what is refused, such as a password: whether the session has ended is
  // told by a request that says nothing else, and ends it then.
  if (answer.status === 401 && now) await call('/v5/caller-identity', { signal }).catch(() => undefined)
  const { content, bytes, isCut } = await limited(answer)
  return {
    status: answer.status,
    milliseconds: performance.now() - began,
    bytes,
    requestId: answer.headers.get('X-Request-Id') ?? '',
    headers: [...answer.headers],
    ...(await read(answer, content)),
    isCut,
  }
}

async function limited(answer: Response): Promise<{ content: Blob; bytes: number; isCut: boolean }> {
  const pieces: Uint8Array<ArrayBuffer>[] = []
  let bytes = 0
  const told = (isCut: boolean) => ({ content: new Blob(pieces), bytes, isCut })
  const reader = answer.body?.getReader()
  if (!reader) return told(false)
  const late = setTimeout(() => void reader.cancel(), PATIENCE)
  const most = isText(answer) ? MOST : MOST_OF_FILE
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return told(false)
      pieces.push(value)
      bytes += value.length
      if (bytes > most) {
        await reader.cancel()
        return told(true)
      }
    }
  } finally {
    clearTimeout(late)
  }
}

function isText(answer: Response): boolean {
  return /^$|^text\/|[/+](json|yaml|xml)\b/.test(answer.headers.get('Content-Type') ?? '')
}

async function read(answer: Response, content: Blob): Promise<Pick<Answer, 'body' | 'file' | 'jobId'>> {
  if (isText(answer)) return { ...pretty(await content.text()), file: null }
  const [, name] = /filename="?([^";]+)"?/.exec(answer.headers.get('Content-Disposition') ?? '') ?? []
  return { body: '', file: content.size ? new File([content], name ?? 'answer') : null, jobId: null }
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
