/** The documents that the console reads, as far as it reads them. */

export interface Cluster {
  metadata: {
    name: string
    alias?: string
    uid: string
    creationTimestamp: string
    updateTimestamp: string
    annotations?: Record<string, string>
  }
  spec: {
    category?: string
    type?: string
    version: string
    flavor: string
    hostNetwork?: { vpc?: string; subnet?: string }
    containerNetwork?: { mode?: string; cidr?: string }
    kubernetesSvcIpRange?: string
    deletionProtection?: boolean
  }
  status: {
    phase: string
    jobID?: string
    reason?: string
    message?: string
    endpoints?: { url: string; type: string }[]
  }
}

export interface Items<T> {
  items: T[] | null
}

export interface Node {
  metadata: { name: string; uid: string; creationTimestamp: string }
  spec: { flavor: string; az: string; os?: string; nodePoolID?: string }
  status: { phase: string; privateIP?: string; jobID?: string; reason?: string }
}

export interface NodePool {
  metadata: { name: string; uid: string }
  spec: {
    type?: string
    initialNodeCount: number
    autoscaling?: { enable?: boolean }
    nodeTemplate: { flavor: string; az: string }
  }
  status: { currentNode?: number; phase?: string; jobId?: string }
}

export interface Addon {
  metadata: { name: string; uid: string }
  spec: { version: string; addonTemplateName: string; description?: string }
  status: { status: string; Reason?: string; message?: string }
}

export interface Quota {
  quotaKey: string
  quotaLimit: number
  used: number
}

export interface OfficialJob {
  metadata: { uid: string; creationTimestamp: string; updateTimestamp: string }
  spec: {
    type: string
    clusterUID?: string
    resourceID?: string
    resourceName?: string
    subJobs?: OfficialJob[]
  }
  status: { phase: string; reason?: string }
}

/** Of version 2 of the API: only its list knows every job. */
export interface OlderJob {
  metadata: { uid: string; creationTimestamp: string; updateTimestamp: string }
  spec: { type: string; clusteruid?: string; resourceid?: string; resourcename?: string }
  status: { status: string; reason?: string; completionTime?: string }
}

/** The last is ours, for servers that tell of no cause. */
export type CauseClass = 'user' | 'quota' | 'capacity' | 'provider' | 'internal' | 'timeout' | 'cancelled' | 'unknown'

export interface Cause {
  step: string
  stepType: string
  class: CauseClass
  code: string
  message: string
  action: string
  retryable: boolean
}

export interface Estimate {
  p50: number
  p90: number
  samples: number
  remaining: number | null
  slow: boolean
}

export interface Step {
  uid: string
  parentUID: string | null
  type: string
  phase: string
  reason: string
  startedAt: string | null
  endedAt: string | null
  duration: number | null
  attempt: number
  progress: number
  resourceID: string
  resourceName: string
  cause: Cause | null
  estimate: Estimate | null
}

export interface Job {
  uid: string
  type: string
  clusterUID: string
  resourceID: string
  resourceName: string
  phase: string
  reason: string
  revision: number
  submittedAt: string
  startedAt: string | null
  endedAt: string | null
  duration: number | null
  progress: number
  attempt: number
  continues: string | null
  continuedBy: string | null
  cancel: { mode: 'now' | 'after-step'; reason: string; requestedAt: string } | null
  actions: { cancel: boolean; resume: boolean }
  cause: Cause | null
  estimate: Estimate | null
  steps: Step[]
}

export type JobRow = Pick<
  Job,
  | 'uid'
  | 'type'
  | 'phase'
  | 'reason'
  | 'clusterUID'
  | 'resourceID'
  | 'resourceName'
  | 'submittedAt'
  | 'startedAt'
  | 'endedAt'
  | 'duration'
  | 'progress'
  | 'attempt'
> & {
  /** Missing where only an older API tells of jobs. */
  cause?: Cause | null
}

export interface JobPage {
  jobs: JobRow[]
  nextMarker: string | null
  /** How long finished jobs are kept; unknown where only the official API answers. */
  retentionDays: number | null
}

export type Change = Pick<
  Step,
  'uid' | 'type' | 'phase' | 'reason' | 'startedAt' | 'endedAt' | 'attempt'
>

export interface Message {
  uid: string
  level: 'info' | 'warning' | 'error'
  text: string
}

export interface JobEvent {
  id: string
  job: string
  type: string
  clusterUID: string
  revision: number
  at: string
  phase: string
  progress: number
  changes: Change[]
  messages: Message[]
}

export type FaultClass = Exclude<CauseClass, 'unknown'>

/** A step that is made to fail on demand. */
export interface Fault {
  id: string
  step: string
  cluster: string | null
  reason: string
  kind: 'error' | 'unavailable'
  class: FaultClass
  remaining: number
  scope: 'project' | 'server'
}

export interface Faults {
  faults: Fault[]
  mayArm: boolean
  steps: string[]
}

/** Phases after which nothing changes any more. */
export const FINAL = new Set(['Success', 'Failed'])
