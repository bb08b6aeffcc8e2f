/** Keeping a job up to date: by the stream, else by asking, and never in a hot loop. */
import { beside, call, Refusal, official, Unreachable } from '../api/client'
import { serverNow } from '../api/clock'
import { pause } from '../api/pause'
import { listen } from '../api/stream'
import { streaming } from '../api/turns'
import { server } from '../api/queries'
import { FINAL, type Job, type JobEvent, type OfficialJob } from '../api/types'
import { fromOfficial } from './model'
import type { JobStore } from './store'

const HIDDEN = 10_000
/** Milliseconds after which a tab that nobody sees gives its connection away. */
const QUIETLY = 5_000
const OFTEN = 1_000
/** Milliseconds between two questions of a tab that has no stream. */
const UNANSWERED = 30_000
const FRESH = 10_000
/** Milliseconds after which estimates, which no event tells, are asked for again. */

/** Follow a job until it ends or the page is left. Never throws; the store tells what is wrong. */
export async function follow(store: JobStore, id: string, signal: AbortSignal): Promise<void> {
  const path = beside(`/jobs/${encodeURIComponent(id)}`)
  let tries = 0
  let position: string | null = null
  let streams = true
  let well = Date.now()
  const answered = () => {
    tries = 0
    well = Date.now()
  }
  while (!signal.aborted) {
    try {
      if (document.hidden) {
        await visible(store, signal)
        well = Date.now()
      }
      if (server.isOlder) {
        await readOfficial(store, id, signal)
        answered()
      } else if (!store.job || !streams) {
        await read(store, streams ? path : `${path}?wait=20&after=${store.job?.revision ?? 0}`, id, signal)
        answered()
      }
      if (store.isFinal) break
      if (server.isOlder || !streams) {
        store.connect('polling')
        if (!server.isOlder) await recall(store, path, signal)
        await pause(server.isOlder ? 1_000 : 250, signal)
        continue
      }
      const had = await streaming(async () => {
        position = await stream(store, path, position, signal, answered)
      })
      if (store.isFinal) break
      if (!had) {
        // Other tabs have all streams: ask by the clock until one of them is through.
        store.connect('polling')
        await pause(OFTEN, signal)
        await read(store, path, id, signal)
        await recall(store, path, signal)
        position = null
        answered()
        continue
      }
    } catch (error) {
      if (signal.aborted) return
      if (error instanceof Refusal) {
        if (error.isUnknownRoute) streams = false
        else if (error.status < 500 && error.status !== 429 && (error.status !== 400 || position === null)) {
          store.fail(error)
          return
        }
        // A position that the server no longer has: begin with a new snapshot, and wait first.
        position = null
      } else if (!(error instanceof Unreachable) && !(error instanceof TypeError) && !(error instanceof DOMException)) {
        store.fail(error)
        return
      }
    }
    const lost = Date.now() - well
    if (lost > UNANSWERED || !navigator.onLine) store.connect('offline')
    else if (lost > QUIETLY) store.connect('reconnecting')
    await pause(Math.min(10_000, 300 * 2 ** tries) * (0.5 + Math.random()), signal)
    tries += 1
  }
  if (signal.aborted) return
  if (!server.isOlder) {
    await read(store, path, id, signal).catch(() => undefined)
    await recall(store, path, signal).catch(() => undefined)
  }
  store.connect('ended')
}

async function read(store: JobStore, path: string, id: string, signal: AbortSignal): Promise<void> {
  try {
    store.take(await call<Job>(path, { signal }))
  } catch (error) {
    if (!(error instanceof Refusal && error.isUnknownRoute)) throw error
    server.isOlder = true
    await readOfficial(store, id, signal)
  }
}

async function readOfficial(store: JobStore, id: string, signal: AbortSignal): Promise<void> {
  const job = await call<OfficialJob>(official(`/jobs/${encodeURIComponent(id)}`), { signal })
  store.isOlder = true
  store.take(fromOfficial(job, store.job, serverNow()))
}

/** Read one stream to its end; returns the position to go on from. Tells when it opens, and when it ends then. */
async function stream(
  store: JobStore,
  path: string,
  from: string | null,
  signal: AbortSignal,
  answered: () => void,
): Promise<string | null> {
  const hidden = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined
  const look = () => {
    clearTimeout(timer)
    if (document.hidden) timer = setTimeout(() => hidden.abort(), HIDDEN)
  }
  document.addEventListener('visibilitychange', look)
  look()
  let position = from
  let isOpen = false
  const again = refresher(store, path, signal)
  try {
    await listen(`${path}/stream`, {
      lastId: from,
      signal: AbortSignal.any([signal, hidden.signal]),
      onOpen: () => {
        isOpen = true
        answered()
        store.connect('live')
      },
      onEvent: (event) => {
        if (event.id) position = event.id
        if (event.event === 'snapshot') {
          store.take(JSON.parse(event.data) as Job)
          recall(store, path, signal).catch(() => undefined)
        }
        if (event.event !== 'job') return
        const told = JSON.parse(event.data) as JobEvent
        store.apply(told)
        // Causes, estimates and what may be done come with the whole job only.
        again(FINAL.has(told.phase) || told.changes.some((each) => each.phase === 'Failed'))
      },
    })
  } catch (error) {
    if (!hidden.signal.aborted || signal.aborted) throw error
  } finally {
    clearTimeout(timer)
    document.removeEventListener('visibilitychange', look)
    // Nothing is missing as long as a stream is open, however little it tells.
    if (isOpen) answered()
  }
  return position
}

function refresher(store: JobStore, path: string, signal: AbortSignal): (now: boolean) => void {
  let last = Date.now()
  return (now) => {
    if (Date.now() - last < (now ? 500 : FRESH)) return
    last = Date.now()
    call<Job>(path, { signal }).then(
      (job) => store.take(job),
      () => undefined, // the stream goes on, and tells of what is wrong by ending
    )
  }
}

async function visible(store: JobStore, signal: AbortSignal): Promise<void> {
  if (!store.job) return
  store.connect('paused')
  await new Promise<void>((resolve) => {
    const look = () => {
      if (document.hidden && !signal.aborted) return
      document.removeEventListener('visibilitychange', look)
      resolve()
    }
    document.addEventListener('visibilitychange', look)
    signal.addEventListener('abort', look, { once: true })
  })
}

/**
 * What happened before a snapshot, as far as the server keeps it: a stream tells what comes after.
 * Without its history a page is complete enough.
 */
async function recall(store: JobStore, path: string, signal: AbortSignal): Promise<void> {
  let after: number | null = store.recalled
  while (after !== null && after < (store.job?.revision ?? 0)) {
    const found: History = await call(`${path}/events?after=${after}&limit=200`, { signal })
    found.events.forEach((event) => store.tell(event))
    after = found.nextAfter
  }
  store.recalled = store.job?.revision ?? 0
}

interface History {
  events: JobEvent[]
  nextAfter: number | null
}
