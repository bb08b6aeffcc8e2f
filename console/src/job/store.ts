/** One job as it is now: a snapshot, and what events have said since. React only reads it. */
import { likelyCause, type Attempt, type Connection, type Told } from './model'
import { FINAL, type Change, type Job, type JobEvent, type Step } from '../api/types'
import { parse } from '../time'

const MOST_EVENTS = 5_000

export class JobStore {
  job: Job | null = null
  error: unknown = null
  connection: Connection = 'connecting'
  /** Whether only the official API told of this job: then nobody knows when steps began. */
  isOlder = false
  /** The revision up to which history has been read. */
  recalled = 0
  /** Ids of the steps, parents first. */
  order: string[] = []
  children = new Map<string, string[]>()
  told: Told[] = []
  /** Grows with every change that somebody may want to draw. */
  version = 0

  private steps = new Map<string, Step>()
  private attempts = new Map<string, Attempt[]>()
  private known = new Set<string>()
  private listeners = new Set<() => void>()
  private waiting = false

  step(uid: string): Step | undefined {
    return this.steps.get(uid)
  }

  attemptsOf(uid: string): Attempt[] {
    return this.attempts.get(uid) ?? []
  }

  get isFinal(): boolean {
    return this.job !== null && FINAL.has(this.job.phase)
  }

  /** The whole job anew. An older one than what is known changes nothing. */
  take(job: Job): void {
    if (this.job && job.revision < this.job.revision) return
    const progress = Math.max(job.progress, this.job?.uid === job.uid ? this.job.progress : 0)
    this.job = { ...job, progress, cause: job.cause ?? likelyCause(job) }
    this.error = null
    this.order = job.steps.map((step) => step.uid)
    this.children = new Map()
    const steps = new Map<string, Step>()
    for (const step of job.steps) {
      steps.set(step.uid, step)
      if (step.parentUID !== null) this.siblings(step.parentUID).push(step.uid)
      this.note(step)
    }
    this.steps = steps
    this.changed()
  }

  private siblings(parent: string): string[] {
    const known = this.children.get(parent)
    if (known) return known
    const made: string[] = []
    this.children.set(parent, made)
    return made
  }

  /** What has happened, once: an event that comes again, or too late, changes no step. */
  apply(event: JobEvent): void {
    this.tell(event)
    if (!this.job || event.revision <= this.job.revision) return
    for (const change of event.changes) {
      const before = this.steps.get(change.uid)
      if (before) this.steps.set(change.uid, changed(before, change))
    }
    this.job = {
      ...this.job,
      phase: event.phase,
      revision: event.revision,
      progress: Math.max(this.job.progress, event.progress),
    }
    this.changed()
  }

  /** Keep what an event tells, whenever it was: history comes after the snapshot. */
  tell(event: JobEvent): void {
    if (this.known.has(event.id)) return
    this.known.add(event.id)
    const at = parse(event.at) ?? 0
    const before = this.told.at(-1)?.at
    for (const change of event.changes) {
      this.note(change)
      this.told.push({ at, uid: change.uid, kind: 'phase', phase: change.phase, text: change.reason, attempt: change.attempt })
    }
    for (const message of event.messages) {
      this.told.push({ at, uid: message.uid, kind: message.level, phase: '', text: message.text, attempt: 0 })
    }
    // History is read beside the stream, and comes late.
    if (before !== undefined && at < before) this.told.sort((a, b) => a.at - b.at)
    if (this.told.length > MOST_EVENTS) this.told.splice(0, this.told.length - MOST_EVENTS)
    this.changed()
  }

  private note(change: Change | Step): void {
    if (!change.startedAt) return
    const known = this.attempts.get(change.uid) ?? []
    const made: Attempt = {
      attempt: change.attempt,
      phase: change.phase,
      reason: change.reason,
      startedAt: change.startedAt,
      endedAt: change.endedAt,
    }
    const rest = known.filter((each) => each.attempt !== change.attempt)
    const before = known.find((each) => each.attempt === change.attempt)
    // History is read after the snapshot, and must not undo it.
    const kept = before && FINAL.has(before.phase) ? before : made
    this.attempts.set(change.uid, [...rest, kept].sort((a, b) => a.attempt - b.attempt))
  }

  connect(connection: Connection): void {
    if (this.connection === connection) return
    this.connection = connection
    this.changed()
  }

  fail(error: unknown): void {
    this.error = error
    this.changed()
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  current = (): number => this.version

  /** One repaint per frame, however many events there were; a hidden tab has no frames. */
  private changed(): void {
    if (this.waiting) return
    this.waiting = true
    const tell = () => {
      this.waiting = false
      this.version += 1
      for (const listener of this.listeners) listener()
    }
    if (document.hidden) setTimeout(tell, 200)
    else requestAnimationFrame(tell)
  }
}

function changed(step: Step, change: Change): Step {
  const began = parse(change.startedAt)
  const ended = parse(change.endedAt)
  return {
    ...step,
    phase: change.phase,
    reason: change.reason,
    startedAt: change.startedAt,
    endedAt: change.endedAt,
    duration: began !== null && ended !== null ? (ended - began) / 1000 : step.duration,
    attempt: change.attempt,
  }
}
