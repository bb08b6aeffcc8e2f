/** Who is signed in: a proof of this tab, gone when the tab closes, and never part of an address. */
import { useSyncExternalStore } from 'react'
import { serverNow } from './clock'
import { signed, type AccessKey } from './signature'

export interface Project {
  id: string
  name: string
}

/** What shows who asks: a token, or a temporary key that signs each request and is sent with its own token. */
export interface Proof {
  token: string
  keys?: AccessKey
}

export interface Session extends Proof {
  expiresAt: string
  user: string
  account: string
  project: Project
  projects: Project[]
}

const KEY = 'clusterwright.session'
const listeners = new Set<() => void>()
let expired = false
let current = read()

function read(): Session | null {
  try {
    const kept = sessionStorage.getItem(KEY)
    const found = kept ? (JSON.parse(kept) as Session) : null
    return found && Date.parse(found.expiresAt) > Date.now() ? found : null
  } catch {
    return null
  }
}

function change(next: Session | null): void {
  current = next
  if (next) sessionStorage.setItem(KEY, JSON.stringify(next))
  else sessionStorage.removeItem(KEY)
  for (const listener of listeners) listener()
}

export function session(): Session | null {
  return current
}

export function begin(next: Session): void {
  expired = false
  change(next)
}

export function end(): void {
  expired = false
  change(null)
}

/** The server no longer takes the token. */
export function expire(token: string): void {
  // An answer to a request from before a new sign-in says nothing about the new token.
  if (current?.token !== token) return
  expired = true
  change(null)
}

/** Whether the last session ended by itself. */
export function hasExpired(): boolean {
  return expired
}

/** The headers that show a request to be somebody's; in a project where the path names none. */
export function shown(
  proof: Proof,
  request: { method: string; address: string; body?: string | Uint8Array | undefined },
  projectId = '',
): Record<string, string> {
  const { token, keys } = proof
  if (!keys) return { 'x-auth-token': token }
  const { body, ...rest } = request
  const headers: Record<string, string> = {}
  if (token) headers['x-security-token'] = token
  if (projectId) headers['x-project-id'] = projectId
  return signed(keys, { ...rest, ...(body !== undefined && { body }), headers, at: serverNow() })
}

export function useSession(): Session | null {
  return useSyncExternalStore((listener) => {
    listeners.add(listener)
    return () => listeners.delete(listener)
  }, session)
}
