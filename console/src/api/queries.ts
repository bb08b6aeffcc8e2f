/** What the pages ask the server, and how often they ask again. */
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { isMoving } from '../ui/phase'
import { beside, call, official, Refusal } from './client'
import { serverNow } from './clock'
import { session } from './session'
import type {
  Addon,
  Cluster,
  Faults,
  Items,
  JobPage,
  JobRow,
  Node,
  NodePool,
  OfficialJob,
  OlderJob,
} from './types'

const SOON = 2_000
const LATER = 15_000
const MANY = 500

const mine = (...rest: unknown[]) => [session()?.project.id, ...rest]

/** Sooner while something is under way; a long list less often, for it is all or nothing. */
function pace(moving: boolean, rows: number): number {
  return (moving ? SOON : LATER) * (rows > MANY ? 5 : 1)
}

export const clustersQuery = () =>
  queryOptions({
    queryKey: mine('clusters'),
    queryFn: async ({ signal }) => (await call<Items<Cluster>>(official('/clusters'), { signal })).items ?? [],
    refetchInterval: ({ state: { data = [] } }) =>
      pace(
        data.some((each) => isMoving(each.status.phase)),
        data.length,
      ),
  })

export const clusterQuery = (id: string) =>
  queryOptions({
    queryKey: mine('cluster', id),
    queryFn: ({ signal }) => call<Cluster>(official(`/clusters/${encodeURIComponent(id)}?detail=true`), { signal }),
    refetchInterval: ({ state }) =>
      state.error ? false : pace(isMoving(state.data?.status.phase ?? ''), 1),
  })

export const nodesQuery = (id: string) =>
  queryOptions({
    queryKey: mine('cluster', id, 'nodes'),
    queryFn: async ({ signal }) =>
      (await call<Items<Node>>(official(`/clusters/${encodeURIComponent(id)}/nodes`), { signal })).items ?? [],
    refetchInterval: ({ state: { data = [] } }) =>
      pace(
        data.some((each) => isMoving(each.status.phase)),
        data.length,
      ),
  })

export const poolsQuery = (id: string) =>
  queryOptions({
    queryKey: mine('cluster', id, 'pools'),
    queryFn: async ({ signal }) =>
      (await call<Items<NodePool>>(official(`/clusters/${encodeURIComponent(id)}/nodepools`), { signal })).items ?? [],
    refetchInterval: ({ state: { data = [] } }) =>
      pace(
        data.some((each) => (each.status.currentNode ?? 0) !== each.spec.initialNodeCount),
        data.length,
      ),
  })

export const addonsQuery = (id: string) =>
  queryOptions({
    queryKey: mine('cluster', id, 'addons'),
    queryFn: async ({ signal }) =>
      (await call<Items<Addon>>(`/api/v3/addons?cluster_id=${encodeURIComponent(id)}`, { signal })).items ?? [],
    refetchInterval: LATER,
  })

export interface Flavors {
  clusterFlavorSpecs: { name: string; nodeCapacity: number; isSupportMultiAZ: boolean }[]
}

export const flavorsQuery = () =>
  queryOptions({
    queryKey: mine('flavors'),
    queryFn: ({ signal }) => call<Flavors>('/api/v2/flavor/specifications', { signal }),
    staleTime: Infinity,
  })

export interface UpgradePaths {
  upgradePaths: { version: string; targetVersions: string[] }[]
}

export const versionsQuery = () =>
  queryOptions({
    queryKey: mine('versions'),
    queryFn: ({ signal }) => call<UpgradePaths>('/api/v3/clusterupgradepaths', { signal }),
    staleTime: Infinity,
  })

export interface JobFilters {
  phase?: string
  type?: string
  cluster?: string
  since?: string
}

/** Whether the server has the routes beside the official API; known after the first answer. */
export const server: { isOlder: boolean } = { isOlder: false }

export const jobsQuery = (filters: JobFilters, limit = 50) =>
  infiniteQueryOptions({
    queryKey: mine('jobs', filters, limit),
    initialPageParam: '',
    queryFn: ({ pageParam, signal }) => jobPage(filters, limit, pageParam, signal),
    getNextPageParam: (last: JobPage) => last.nextMarker ?? undefined,
    // Only the first page is young enough to change; more of them are read again by hand.
    refetchInterval: ({ state: { data } }) => {
      if ((data?.pages.length ?? 0) > 1) return false
      const rows = data?.pages[0]?.jobs ?? []
      return pace(
        rows.some((each) => each.phase === 'Running' || each.phase === 'Initializing'),
        rows.length,
      )
    },
  })

async function jobPage(filters: JobFilters, limit: number, marker: string, signal: AbortSignal): Promise<JobPage> {
  if (!server.isOlder) {
    const query = new URLSearchParams({ limit: String(limit) })
    if (filters.phase) query.set('phase', filters.phase)
    if (filters.type) query.set('type', filters.type)
    if (filters.cluster) query.set('cluster_id', filters.cluster)
    if (filters.since) query.set('since', sinceTime(filters.since))
    if (marker) query.set('marker', marker)
    try {
      return await call<JobPage>(beside(`/jobs?${query}`), { signal })
    } catch (error) {
      if (!(error instanceof Refusal && error.isUnknownRoute)) throw error
      server.isOlder = true
    }
  }
  return olderPage(filters, limit, signal)
}

function sinceTime(seconds: string): string {
  return new Date(serverNow() - Number(seconds) * 1000).toISOString()
}

async function olderPage(filters: JobFilters, limit: number, signal: AbortSignal): Promise<JobPage> {
  const listed = await call<OlderJob[]>(official('/jobs', 'v2'), { signal })
  const jobs = listed
    .map(fromOlder)
    .filter((each) => !filters.phase || each.phase === filters.phase)
    .filter((each) => !filters.type || each.type === filters.type)
    .filter((each) => !filters.cluster || each.clusterUID === filters.cluster)
  return { jobs: jobs.slice(0, limit), nextMarker: null, retentionDays: null }
}

function fromOlder(job: OlderJob): JobRow {
  return {
    uid: job.metadata.uid,
    type: job.spec.type,
    phase: job.status.status,
    reason: job.status.reason ?? '',
    clusterUID: job.spec.clusteruid ?? '',
    resourceID: job.spec.resourceid ?? '',
    resourceName: job.spec.resourcename ?? '',
    submittedAt: job.metadata.creationTimestamp,
    startedAt: null,
    endedAt: job.status.completionTime ?? null,
    duration: null,
    progress: job.status.status === 'Success' ? 1 : 0,
    attempt: 1,
  }
}

export const faultsQuery = () =>
  queryOptions({
    queryKey: mine('faults'),
    queryFn: ({ signal }) => call<Faults>(beside('/faults'), { signal }),
    refetchInterval: ({ state }) => (state.error ? false : LATER),
  })

export const officialJobQuery = (id: string) =>
  queryOptions({
    queryKey: mine('official', id),
    queryFn: ({ signal }) => call<OfficialJob>(official(`/jobs/${encodeURIComponent(id)}`), { signal }),
    staleTime: 0,
  })
