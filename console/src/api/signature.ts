/**
 * Requests signed with an access key, as the official SDKs do it. The browser's own cryptography is
 * missing where a page came over plain HTTP, so a library computes.
 */
import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'

const ALGORITHM = 'SDK-HMAC-SHA256'

export interface AccessKey {
  access: string
  secret: string
}

export interface ToSign {
  method: string
  /** Path and query, or a whole address. */
  address: string
  body?: string | Uint8Array
  /** Headers to sign, and to send; names in lower case. */
  headers: Record<string, string>
  /** When, in milliseconds of the server's clock, which may differ by 15 minutes. */
  at: number
}

/** The headers to send, the signature among them. */
export function signed(key: AccessKey, request: ToSign): Record<string, string> {
  const date = new Date(request.at).toISOString().replace(/[-:]|\.\d+/g, '')
  const headers: Record<string, string> = { ...request.headers, 'x-sdk-date': date }
  const names = Object.keys(headers).sort()
  const url = new URL(request.address, location.origin)
  const canonical = [
    request.method,
    pathOf(url),
    queryOf(url),
    ...names.map((name) => `${name}:${headers[name]?.trim()}`),
    '',
    names.join(';'),
    digest(request.body ?? ''),
  ].join('\n')
  const text = `${ALGORITHM}\n${date}\n${digest(canonical)}`
  const signature = bytesToHex(hmac(sha256, utf8ToBytes(key.secret), utf8ToBytes(text)))
  const authorization = `${ALGORITHM} Access=${key.access}, SignedHeaders=${names.join(';')}, Signature=${signature}`
  return { ...headers, authorization }
}

function digest(content: string | Uint8Array): string {
  return bytesToHex(sha256(typeof content === 'string' ? utf8ToBytes(content) : content))
}

function escaped(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (each) => `%${each.charCodeAt(0).toString(16).toUpperCase()}`)
}

function pathOf(url: URL): string {
  const path = url.pathname.split('/').map((part) => escaped(decodeURIComponent(part))).join('/')
  return path.endsWith('/') ? path : `${path}/`
}

function queryOf(url: URL): string {
  const pairs = [...url.searchParams].map(([name, value]) => [escaped(name), escaped(value)] as const)
  const order = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
  return pairs
    .sort((a, b) => order(a[0], b[0]) || order(a[1], b[1]))
    .map(([name, value]) => `${name}=${value}`)
    .join('&')
}
