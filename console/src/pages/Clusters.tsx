/** All clusters of the project. */
import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { useMemo, useState } from 'react'
import { clustersQuery } from '../api/queries'
import type { Cluster } from '../api/types'
import { useLanguage, useMessages } from '../i18n'
import { parse, relative, absolute, useNow } from '../time'
import { useTitle } from '../title'
import { Button, CopyButton, FilterField, Select } from '../ui/controls'
import { Phase } from '../ui/phase'
import { Empty, Failure, Skeleton } from '../ui/states'
import { Table, type Column } from '../ui/table'
import { CreateCluster } from './CreateCluster'
import css from './pages.module.css'

export const DRIVER = 'clusterwright/driver'

export function driverOf(cluster: Cluster): string {
  return cluster.metadata.annotations?.[DRIVER] ?? ''
}

/** How long ago, and exactly when for whoever asks. */
export function Time(props: { at: string | null | undefined }) {
  const { locale } = useLanguage()
  const now = useNow(30_000)
  const time = parse(props.at)
  if (time === null) return null
  return (
    <time dateTime={new Date(time).toISOString()} title={absolute(time, locale)}>
      {relative(time, now, locale)}
    </time>
  )
}

export function Clusters() {
  const messages = useMessages()
  const say = messages.clusters
  const search = useSearch({ from: '/inside/' })
  const navigate = useNavigate({ from: '/' })
  const [creating, setCreating] = useState(false)
  const clusters = useQuery(clustersQuery())
  useTitle(say.title)

  const all = clusters.data
  const phases = useMemo(() => distinct(all?.map((each) => each.status.phase)), [all])
  const drivers = useMemo(() => distinct(all?.map(driverOf)), [all])
  const rows = useMemo(() => filtered(all ?? [], search), [all, search])
  const filter = (changed: typeof search) =>
    void navigate({ search: (before) => ({ ...before, ...changed }), replace: true })
  const isFiltered = Boolean(search.search || search.phase || search.driver)

  return (
    <>
      <div className={css.head}>
        <h1>{say.title}</h1>
        <span className={`${css.muted} ${css.fill}`} role="status">
          {all && all.length > 0 && say.shown(rows.length, all.length)}
        </span>
        <Button kind="primary" icon="plus" onPress={() => setCreating(true)}>
          {say.create}
        </Button>
      </div>
      {all && all.length > 0 && (
        <div className={css.filters}>
          <FilterField
            label={say.search}
            placeholder={say.search}
            hideLabel
            value={search.search ?? ''}
            onChange={(text) => filter({ search: text })}
          />
          <Select
            label={say.phase}
            hideLabel
            options={choices(say.all, phases, messages.phases)}
            value={search.phase ?? ''}
            onChange={(phase) => filter({ phase })}
          />
          <Select
            label={say.driver}
            hideLabel
            options={choices(say.all, drivers, messages.drivers)}
            value={search.driver ?? ''}
            onChange={(driver) => filter({ driver })}
          />
          {isFiltered && (
            <Button kind="quiet" onPress={() => filter({ search: '', phase: '', driver: '' })}>
              {say.clear}
            </Button>
          )}
        </div>
      )}
      {clusters.isPending ? (
        <Skeleton rows={8} />
      ) : !all ? (
        <Failure error={clusters.error} onRetry={() => void clusters.refetch()} />
      ) : (
        <>
          {clusters.isError && <Failure error={clusters.error} mild />}
          <List all={all} rows={rows} onCreate={() => setCreating(true)} />
        </>
      )}
      <CreateCluster isOpen={creating} onClose={() => setCreating(false)} />
    </>
  )
}

function List(props: { all: Cluster[]; rows: Cluster[]; onCreate: () => void }) {
  const messages = useMessages()
  const say = messages.clusters
  const columns = useMemo(() => columnsOf(messages), [messages])
  if (props.all.length === 0) {
    return (
      <Empty title={say.empty}>
        <p>{say.emptyText}</p>
        <Button kind="primary" icon="plus" onPress={props.onCreate}>
          {say.create}
        </Button>
        <p>
          {say.emptyCommand} <code>clusterwright cluster create demo</code>
        </p>
        <CopyButton small text={() => 'clusterwright cluster create demo'} />
      </Empty>
    )
  }
  if (props.rows.length === 0) return <Empty title={say.nothing} />
  return <Table label={say.list} columns={columns} rows={props.rows} rowKey={(row) => row.metadata.uid} />
}

function columnsOf(messages: ReturnType<typeof useMessages>): Column<Cluster>[] {
  const say = messages.clusters
  return [
    {
      id: 'name',
      title: say.name,
      width: 'minmax(160px, 2fr)',
      clip: true,
      cell: (row) => (
        <Link to="/clusters/$clusterId" params={{ clusterId: row.metadata.uid }}>
          {row.metadata.name}
        </Link>
      ),
    },
    { id: 'phase', title: say.phase, width: '150px', cell: (row) => <Phase phase={row.status.phase} /> },
    {
      id: 'driver',
      title: say.driver,
      width: '130px',
      cell: (row) => messages.drivers[driverOf(row)] ?? driverOf(row),
    },
    { id: 'version', title: say.version, width: '80px', cell: (row) => row.spec.version },
    { id: 'flavor', title: say.flavor, width: '140px', cell: (row) => row.spec.flavor },
    {
      id: 'job',
      title: say.job,
      width: 'minmax(120px, 1.5fr)',
      clip: true,
      cell: (row) =>
        row.status.jobID ? (
          <Link to="/jobs/$jobId" params={{ jobId: row.status.jobID }}>
            {say.follow}
          </Link>
        ) : row.status.phase === 'Error' ? (
          <span title={row.status.reason}>{row.status.reason?.slice(0, 160)}</span>
        ) : (
          ''
        ),
    },
    { id: 'created', title: say.created, width: '110px', cell: (row) => <Time at={row.metadata.creationTimestamp} /> },
  ]
}

function distinct(values: string[] | undefined): string[] {
  return [...new Set(values ?? [])].filter(Boolean).sort()
}

export function choices(all: string, ids: string[], words: Record<string, string>) {
  return [{ id: '', text: all }, ...ids.map((id) => ({ id, text: words[id] ?? id }))]
}

function filtered(all: Cluster[], by: { search?: string; phase?: string; driver?: string }): Cluster[] {
  const text = by.search?.toLowerCase() ?? ''
  return all
    .filter((each) => !text || each.metadata.name.toLowerCase().includes(text) || each.metadata.uid.startsWith(text))
    .filter((each) => !by.phase || each.status.phase === by.phase)
    .filter((each) => !by.driver || driverOf(each) === by.driver)
}
