/** Who is signed in: a token of this tab, gone when the tab closes, and never part of an address. */
import { useSyncExternalStore } from 'react'

export interface Project {
  id: string
  name: string
}

export interface Session {
  token: string
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

export function useSession(): Session | null {
  return useSyncExternalStore((listener) => {
    listeners.add(listener)
    return () => listeners.delete(listener)
  }, session)
}
