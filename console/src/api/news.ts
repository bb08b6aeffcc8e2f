/** What happens to jobs of the project, for pages that show more than one of them. */
import type { QueryClient } from '@tanstack/react-query'
import { useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'
import { beside, Refusal } from './client'
import { pause } from './pause'
import { server } from './queries'
import { session } from './session'
import { listen } from './stream'
import { alone } from './turns'

const PAUSE = 800
/** Milliseconds in which however many events make the page ask once. */
const HIDDEN = 10_000

/**
 * Ask anew when something has happened in a project, if any, while somebody sees the page. One tab of
 * those that are seen holds the connection and tells all others; when it is hidden or closed, another
 * one does. Without it the pages ask by the clock, as they do in any case.
 */
export function useNews(project: string | undefined): void {
  const queries = useQueryClient()
  useEffect(() => {
    if (!project) return
    const left = new AbortController()
    void follow(queries, project, left.signal)
    return () => left.abort()
  }, [project, queries])
}

async function follow(queries: QueryClient, project: string, signal: AbortSignal): Promise<void> {
  // It tells that something has happened and nothing else: who hears it may be somebody else.
  const others = new BroadcastChannel(`clusterwright.news.${project}`)
  const ask = () => {
    // A tab that nobody sees asks when somebody does.
    const refetchType = document.hidden ? 'none' : 'active'
    void queries.invalidateQueries({ predicate: ({ state }) => !isLarge(state.data), refetchType })
  }
  others.onmessage = ask
  const tell = throttled(() => {
    if (signal.aborted) return
    ask()
    others.postMessage('')
  })
  signal.addEventListener('abort', () => others.close(), { once: true })
  while (!signal.aborted && session() && !server.isOlder) {
    await shown(signal)
    const hidden = new AbortController()
    const forget = whenHidden(() => hidden.abort())
    const seen = AbortSignal.any([signal, hidden.signal])
    try {
      await alone(`news.${project}`, seen, () => lead(tell, seen))
    } finally {
      forget()
    }
    // Refused for good: the clock goes on.
    if (!seen.aborted) return
  }
}

/** Hear of all jobs, for all tabs, until the signal. Returns earlier where the server refuses for good. */
async function lead(tell: () => void, signal: AbortSignal): Promise<void> {
  let position: string | null = null
  let tries = 0
  while (!signal.aborted && session()) {
    try {
      await listen(beside('/events'), {
        lastId: position,
        signal,
        onOpen: () => {
          tries = 0
          // Nobody has heard what happened before.
          if (position === null) tell()
        },
        onEvent: (event) => {
          if (event.id) position = event.id
          tell()
        },
      })
    } catch (error) {
      if (error instanceof Refusal && error.status < 500 && error.status !== 400) return
      if (error instanceof Refusal) position = null
    }
    await pause(Math.min(10_000, 300 * 2 ** tries) * (0.5 + Math.random()), signal)
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
