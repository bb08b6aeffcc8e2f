/** What the job page speaks of beside the documents of the server. */
import type { Cause, Job, OfficialJob, Step } from '../api/types'
import { FINAL } from '../api/types'

export type Connection =
  | 'connecting'
  | 'live'
  | 'reconnecting'
  | 'polling'
  | 'paused'
  | 'offline'
  | 'ended'

export interface Attempt {
  attempt: number
  phase: string
  reason: string
  startedAt: string
  endedAt: string | null
}

export interface Told {
  at: number
  uid: string
  kind: 'phase' | 'info' | 'warning' | 'error'
  phase: string
  text: string
  attempt: number
}

/**
 * A job of the official API in the form of the other one. When a step began is not told there;
 * `before` keeps what was seen of it.
 */
export function fromOfficial(official: OfficialJob, before: Job | null, now: number): Job {
  const seen = new Map(before?.steps.map((step) => [step.uid, step]))
  const steps: Step[] = []
  const walk = (job: OfficialJob, parent: string | null) => {
    const { uid, updateTimestamp } = job.metadata
    const known = seen.get(uid)
    const { phase, reason = '' } = job.status
    const began = phase === 'Running' && known?.phase === 'Initializing' ? new Date(now).toISOString() : null
    steps.push({
      uid,
      parentUID: parent,
      type: job.spec.type,
      phase,
      reason,
      startedAt: known?.startedAt ?? began,
      endedAt: FINAL.has(phase) ? updateTimestamp : null,
      duration: null,
      attempt: 1,
      progress: phase === 'Success' ? 1 : 0,
      resourceID: job.spec.resourceID ?? '',
      resourceName: job.spec.resourceName ?? '',
      cause: null,
      estimate: null,
    })
    for (const each of job.spec.subJobs ?? []) walk(each, uid)
  }
  walk(official, null)
  const leaves = steps.filter((step) => !steps.some((other) => other.parentUID === step.uid))
  const { phase, reason = '' } = official.status
  const first = steps[0]
  if (first) first.startedAt = official.metadata.creationTimestamp
  return {
    uid: official.metadata.uid,
    type: official.spec.type,
    clusterUID: official.spec.clusterUID ?? '',
    resourceID: official.spec.resourceID ?? '',
    resourceName: official.spec.resourceName ?? '',
    phase,
    reason,
    revision: (before?.revision ?? 0) + 1,
    submittedAt: official.metadata.creationTimestamp,
    startedAt: official.metadata.creationTimestamp,
    endedAt: FINAL.has(phase) ? official.metadata.updateTimestamp : null,
    duration: null,
    progress: phase === 'Success' ? 1 : leaves.filter((step) => FINAL.has(step.phase)).length / leaves.length,
    attempt: 1,
    continues: null,
    continuedBy: null,
    cancel: null,
    actions: { cancel: false, resume: false },
    cause: null,
    estimate: null,
    steps,
  }
}

/** The first step that failed, for a server that tells of no cause. */
export function likelyCause(job: Job): Cause | null {
  if (job.phase !== 'Failed') return null
  const parents = new Set(job.steps.map((step) => step.parentUID))
  const failed = job.steps.find((step) => step.phase === 'Failed' && !parents.has(step.uid)) ?? job.steps[0]
  if (!failed) return null
  return {
    step: failed.uid,
    stepType: failed.type,
    class: 'unknown',
    code: '',
    message: failed.reason || job.reason,
    action: '',
    retryable: false,
  }
}
