/** Requests to the server that the console came from. */
import { keepTime, watchTime } from './clock'
import { expire, session, shown, type Proof } from './session'

/** An answer that refuses, in the words of the server's error catalogue. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly requestId: string,
  ) {
    super(message)
  }

  /** Whether the server has no such route, as one that is older than the console. */
  get isUnknownRoute(): boolean {
    return (this.status === 404 && this.code.startsWith('APIGW.')) || this.status === 405 || this.status === 501
  }

  get isGone(): boolean {
    return !this.isUnknownRoute && (this.status === 404 || this.status === 410)
  }
}

/** No answer at all. */
export class Unreachable extends Error {}

export interface Options {
  method?: string
  body?: unknown
  headers?: Record<string, string>
  signal?: AbortSignal
  /** Whose request it is, where it is not the session's; null for nobody's. */
  proof?: Proof | null
}

/** The answer, whatever its body is. Throws Refusal and Unreachable. */
export async function send(path: string, options: Options = {}): Promise<Response> {
  const now = options.proof === undefined ? session() : null
  const proof = now ?? options.proof ?? null
  const method = options.method ?? 'GET'
  const body = options.body === undefined ? undefined : JSON.stringify(options.body)
  const ask = async () => {
    const headers: Record<string, string> = {
      Accept: 'application/json',
      'Accept-Language': document.documentElement.lang,
      ...(body !== undefined && { 'Content-Type': 'application/json' }),
      ...options.headers,
      ...(proof && shown(proof, { method, address: path, body }, now?.project.id)),
    }
    const init: RequestInit = { method, headers, credentials: 'omit', cache: 'no-store' }
    if (options.signal) init.signal = options.signal
    if (body !== undefined) init.body = body
    try {
      return await fetch(path, init)
    } catch (error) {
      if (options.signal?.aborted) throw error
      throw new Unreachable(String(error))
    }
  }
  const isOther = watchTime()
  let answer = await ask()
  keepTime(answer)
  // What was signed by a clock that is wrong is signed again by the server's, which the answer to
  // another request may have told meanwhile.
  if (answer.status === 401 && proof?.keys && isOther()) answer = await ask()
  if (answer.ok) return answer
  const refusal = await read(answer)
  if (answer.status === 401 && now) expire(now.token)
  throw refusal
}

async function read(answer: Response): Promise<Refusal> {
  const id = answer.headers.get('X-Request-Id') ?? ''
  try {
    const body = (await answer.json()) as Record<string, string>
    return new Refusal(answer.status, body.error_code ?? '', body.error_msg ?? '', id)
  } catch {
    return new Refusal(answer.status, '', `HTTP ${answer.status}`, id)
  }
}

export async function call<T>(path: string, options: Options = {}): Promise<T> {
  const answer = await send(path, options)
  const text = await answer.text()
  return (text ? JSON.parse(text) : undefined) as T
}

/** A name for one wish, so that asking twice is the same as asking once. */
export function newKey(): string {
  // crypto.randomUUID is missing where the page came over plain HTTP.
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

export function post<T>(path: string, body: unknown, key: string = newKey()): Promise<T> {
  return call<T>(path, { method: 'POST', body, headers: { 'Idempotency-Key': key } })
}

function projectId(): string {
  return session()?.project.id ?? ''
}

/** A path of the official API in this project. */
export function official(path: string, version = 'v3'): string {
  return `/api/${version}/projects/${projectId()}${path}`
}

/** A path of what this server has beside the official API. */
export function beside(path: string): string {
  return `/clusterwright/v1/projects/${projectId()}${path}`
}
