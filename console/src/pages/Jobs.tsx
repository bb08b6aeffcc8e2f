/** All jobs of the project, newest first. */
import { useInfiniteQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { jobsQuery, server } from '../api/queries'
import { useMessages } from '../i18n'
import { useTitle } from '../title'
import { Button, FilterField, Select } from '../ui/controls'
import { Empty, Failure, Note, Skeleton } from '../ui/states'
import { choices } from './Clusters'
import { JobTable } from './JobTable'
import css from './pages.module.css'

const SINCES = ['', '3600', '86400', '604800']
const PHASES = ['Initializing', 'Running', 'Success', 'Failed']

export function Jobs() {
  const messages = useMessages()
  const say = messages.jobs
  const search = useSearch({ from: '/inside/jobs' })
  const navigate = useNavigate({ from: '/jobs' })
  const found = useInfiniteQuery(jobsQuery(search))
  useTitle(say.title)

  const rows = found.data?.pages.flatMap((each) => each.jobs)
  const last = found.data?.pages.at(-1)
  const isFiltered = Object.values(search).some(Boolean)
  const filter = (changed: typeof search) =>
    void navigate({ search: (before) => ({ ...before, ...changed }), replace: true })

  return (
    <>
      <div className={css.head}>
        <h1>{say.title}</h1>
      </div>
      <div className={css.filters}>
        <Select
          label={messages.clusters.phase}
          hideLabel
          options={choices(messages.clusters.all, PHASES, messages.phases)}
          value={search.phase ?? ''}
          onChange={(phase) => filter({ phase })}
        />
        <Select
          label={say.since}
          hideLabel
          options={SINCES.map((id) => ({ id, text: say.sinces[id] ?? id }))}
          value={search.since ?? ''}
          onChange={(since) => filter({ since })}
        />
        <FilterField
          label={say.type}
          hideLabel
          placeholder={`${say.type}: ${say.typeHelp}`}
          value={search.type ?? ''}
          onChange={(type) => filter({ type })}
        />
        <FilterField
          label={say.cluster}
          hideLabel
          placeholder={say.cluster}
          value={search.cluster ?? ''}
          onChange={(cluster) => filter({ cluster })}
        />
        {isFiltered && (
          <Button kind="quiet" onPress={() => filter({ phase: '', type: '', cluster: '', since: '' })}>
            {messages.clusters.clear}
          </Button>
        )}
      </div>
      {server.isOlder && (
        <Note>
          <p>{say.older}</p>
        </Note>
      )}
      {found.isPending ? (
        <Skeleton rows={8} />
      ) : !rows ? (
        <Failure error={found.error} onRetry={() => void found.refetch()} />
      ) : rows.length === 0 ? (
        <Empty title={isFiltered ? say.nothing : say.empty}>{!isFiltered && <p>{say.emptyText}</p>}</Empty>
      ) : (
        <>
          {found.isError && <Failure error={found.error} mild />}
          <JobTable rows={rows} label={say.list} />
          <div className={css.more}>
            {found.hasNextPage && (
              <Button isPending={found.isFetchingNextPage} onPress={() => void found.fetchNextPage()}>
                {say.more}
              </Button>
            )}
            <span role="status">{say.shown(rows.length)}</span>
            {last && last.retentionDays !== null && <span>{say.kept(last.retentionDays)}</span>}
          </div>
        </>
      )}
    </>
  )
}
