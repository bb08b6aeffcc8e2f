/** What happens to jobs of the project, for pages that show more than one of them. */
import type { QueryClient } from '@tanstack/react-query'
import { useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'
import { beside, Refusal } from './client'
import { server } from './queries'
import { session } from './session'
import { listen } from './stream'

const PAUSE = 800
/** Milliseconds in which however many events make the page ask once. */
const HIDDEN = 10_000

/**
 * Ask anew when something has happened, while `wanted` and while somebody sees the page. One
 * connection a tab, and none in a hidden one: browsers open six to a server and no more. Without
 * it the pages ask by the clock, as they do in any case.
 */
export function useNews(wanted: boolean): void {
  const queries = useQueryClient()
  useEffect(() => {
    if (!wanted) return
    const left = new AbortController()
    void follow(queries, left.signal)
    return () => left.abort()
  }, [wanted, queries])
}

async function follow(queries: QueryClient, signal: AbortSignal): Promise<void> {
  let position: string | null = null
  let tries = 0
  const ask = throttled(() => void queries.invalidateQueries({ predicate: ({ state }) => !isLarge(state.data) }))
  while (!signal.aborted && session() && !server.isOlder) {
    const hidden = new AbortController()
    const forget = whenHidden(() => hidden.abort())
    try {
      await listen(beside('/events'), {
        lastId: position,
        signal: AbortSignal.any([signal, hidden.signal]),
        onOpen: () => (tries = 0),
        onEvent: (event) => {
          if (event.id) position = event.id
          ask()
        },
      })
    } catch (error) {
      // Refused for good: the clock goes on.
      if (error instanceof Refusal && error.status < 500 && error.status !== 400) return
      if (error instanceof Refusal) position = null
    } finally {
      forget()
    }
    await shown(signal)
    await new Promise((resolve) => setTimeout(resolve, Math.min(10_000, 300 * 2 ** tries) * (0.5 + Math.random())))
    tries += 1
  }
}

/** A list of thousands is asked for by the clock alone: it comes whole or not at all. */
function isLarge(data: unknown): boolean {
  return Array.isArray(data) && data.length > 500
}

function throttled(act: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined
  return () => {
    timer ??= setTimeout(() => {
      timer = undefined
      act()
    }, PAUSE)
  }
}

function whenHidden(act: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined
  const look = () => {
    clearTimeout(timer)
    if (document.hidden) timer = setTimeout(act, HIDDEN)
  }
  document.addEventListener('visibilitychange', look)
  look()
  return () => {
    clearTimeout(timer)
    document.removeEventListener('visibilitychange', look)
  }
}

function shown(signal: AbortSignal): Promise<void> {
  if (!document.hidden) return Promise.resolve()
  return new Promise((resolve) => {
    const look = () => {
      if (document.hidden && !signal.aborted) return
      document.removeEventListener('visibilitychange', look)
      resolve()
    }
    document.addEventListener('visibilitychange', look)
    signal.addEventListener('abort', look, { once: true })
  })
}
