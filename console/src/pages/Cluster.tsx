/** One cluster: how it is, what is in it, and what can be done with it. */
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { Fragment, useState } from 'react'
import { Tab, TabList, TabPanel, Tabs } from 'react-aria-components'
import { Refusal } from '../api/client'
import { clusterQuery, jobsQuery } from '../api/queries'
import { FINAL, type Cluster } from '../api/types'
import { useLanguage } from '../i18n'
import { absolute, parse } from '../time'
import { useTitle } from '../title'
import { ActionsMenu, Button, CopyButton } from '../ui/controls'
import { isMoving, Phase } from '../ui/phase'
import { Empty, Failure, Skeleton } from '../ui/states'
import ui from '../ui/ui.module.css'
import { titleOf } from '../job/titles'
import { AddNodes } from './AddNodes'
import { Addons, Nodes, Pools } from './ClusterParts'
import { driverOf } from './Clusters'
import { Delete, Hibernate, Upgrade } from './ClusterChanges'
import { JobTable } from './JobTable'
import { KubeconfigDialog } from './Kubeconfig'
import css from './pages.module.css'

type Open = '' | 'kubeconfig' | 'nodes' | 'pool' | 'hibernate' | 'awake' | 'upgrade' | 'delete'

const FEW = 5
/** Phases in which a cluster cannot be deleted. */
const CANNOT_GO = new Set(['Deleting', 'Hibernating', 'Hibernation'])

export function ClusterPage() {
  const { clusterId } = useParams({ from: '/inside/clusters/$clusterId' })
  const { messages } = useLanguage()
  const found = useQuery(clusterQuery(clusterId))
  useTitle(found.data?.metadata.name ?? messages.clusters.title)
  const gone = found.error instanceof Refusal && found.error.isGone
  if (gone) {
    return (
      <Empty title={messages.app.gone}>
        <h1 className="visually-hidden">{messages.clusters.title}</h1>
        <p>{found.error?.message}</p>
        <Link to="/">{messages.app.toClusters}</Link>
      </Empty>
    )
  }
  if (found.isPending) return <Skeleton rows={10} />
  if (!found.data) {
    return (
      <>
        <h1 className="visually-hidden">{messages.clusters.title}</h1>
        <Failure error={found.error} onRetry={() => void found.refetch()} />
      </>
    )
  }
  return <Shown key={clusterId} cluster={found.data} error={found.error} />
}

function Shown(props: { cluster: Cluster; error: unknown }) {
  const { cluster } = props
  const { messages } = useLanguage()
  const say = messages.cluster
  const search = useSearch({ from: '/inside/clusters/$clusterId' })
  const navigate = useNavigate({ from: '/clusters/$clusterId' })
  const [open, setOpen] = useState<Open>('')
  const { phase } = cluster.status
  const { uid, name } = cluster.metadata
  const driver = driverOf(cluster)
  const works = ['Available', 'ScalingUp', 'ScalingDown'].includes(phase)
  const close = () => setOpen('')
  const endpoint = cluster.status.endpoints?.[0]?.url
  const hasNodes = cluster.spec.category !== 'Autopilot' && !cluster.spec.flavor.includes('autopilot')

  return (
    <>
      <p className={css.crumbs}>
        <Link to="/">{messages.clusters.title}</Link>
        <span aria-hidden="true">›</span>
        <span>{name}</span>
      </p>
      <div className={css.head}>
        <div className={`${css.title} ${css.fill}`}>
          <h1>{name}</h1>
          <Phase phase={phase} />
          <span>{cluster.spec.version}</span>
        </div>
        <div className={css.buttons}>
          <Button icon="key" isDisabled={!endpoint || !works} onPress={() => setOpen('kubeconfig')}>
            {say.kubeconfig}
          </Button>
          {hasNodes && (
            <Button icon="plus" isDisabled={!works} onPress={() => setOpen('nodes')}>
              {say.addNodes}
            </Button>
          )}
          <ActionsMenu
            label={say.actions}
            actions={[
              ...(hasNodes
                ? [{ id: 'pool', text: say.addPool, isDisabled: !works, onAction: () => setOpen('pool') }]
                : []),
              { id: 'upgrade', text: say.upgrade, isDisabled: phase !== 'Available', onAction: () => setOpen('upgrade') },
              phase === 'Hibernation'
                ? { id: 'awake', text: say.awake, onAction: () => setOpen('awake') }
                : {
                    id: 'hibernate',
                    text: say.hibernate,
                    isDisabled: phase !== 'Available',
                    onAction: () => setOpen('hibernate'),
                  },
              { id: 'delete', text: say.remove, isDisabled: CANNOT_GO.has(phase), onAction: () => setOpen('delete') },
            ]}
          />
        </div>
      </div>
      {props.error !== null && <Failure error={props.error} mild />}
      <p className={css.muted}>{messages.driverMeans[driver] ?? driver}</p>
      <UnderWay cluster={cluster} />
      <Tabs
        className={ui.tabs ?? ''}
        selectedKey={search.tab ?? 'overview'}
        onSelectionChange={(key) =>
          void navigate({ search: key === 'overview' ? {} : { tab: String(key) }, replace: true, resetScroll: false })
        }
      >
        <TabList className={ui.tabList ?? ''} aria-label={say.tabs}>
          <Tab id="overview" className={ui.tab ?? ''}>
            {say.overview}
          </Tab>
          {hasNodes && (
            <>
              <Tab id="nodes" className={ui.tab ?? ''}>
                {say.nodes}
              </Tab>
              <Tab id="pools" className={ui.tab ?? ''}>
                {say.pools}
              </Tab>
            </>
          )}
          <Tab id="addons" className={ui.tab ?? ''}>
            {say.addons}
          </Tab>
          <Tab id="jobs" className={ui.tab ?? ''}>
            {say.jobs}
          </Tab>
          <Tab id="document" className={ui.tab ?? ''}>
            {messages.app.document}
          </Tab>
        </TabList>
        <TabPanel id="overview">
          <Overview cluster={cluster} />
        </TabPanel>
        {hasNodes && (
          <>
            <TabPanel id="nodes">
              <Nodes cluster={uid} />
            </TabPanel>
            <TabPanel id="pools">
              <Pools cluster={uid} />
            </TabPanel>
          </>
        )}
        <TabPanel id="addons">
          <Addons cluster={uid} />
        </TabPanel>
        <TabPanel id="jobs">
          <ClusterJobs cluster={uid} limit={50} />
        </TabPanel>
        <TabPanel id="document">
          <CopyButton small text={() => JSON.stringify(cluster, null, 2)} />
          <pre className={ui.code} tabIndex={0}>
            {JSON.stringify(cluster, null, 2)}
          </pre>
        </TabPanel>
      </Tabs>
      <KubeconfigDialog cluster={cluster} isOpen={open === 'kubeconfig'} onClose={close} />
      <AddNodes cluster={cluster} kind="nodes" isOpen={open === 'nodes'} onClose={close} />
      <AddNodes cluster={cluster} kind="pool" isOpen={open === 'pool'} onClose={close} />
      {(open === 'hibernate' || open === 'awake') && <Hibernate cluster={cluster} onClose={close} />}
      {open === 'upgrade' && <Upgrade cluster={cluster} onClose={close} />}
      {open === 'delete' && <Delete cluster={cluster} onClose={close} />}
    </>
  )
}

/** The newest job of the cluster, while it goes on or when it has failed. */
function UnderWay(props: { cluster: Cluster }) {
  const { messages } = useLanguage()
  const jobs = useInfiniteQuery(jobsQuery({ cluster: props.cluster.metadata.uid }, FEW))
  const newest = jobs.data?.pages[0]?.jobs[0]
  const moving = newest && !FINAL.has(newest.phase)
  if (!newest || !(moving || (newest.phase === 'Failed' && props.cluster.status.phase === 'Error'))) return null
  return (
    <div className={css.strip}>
      <Phase phase={newest.phase} plain />
      <strong>{titleOf(newest, messages)}</strong>
      {moving ? (
        <div className={`${css.bar} ${css.fill}`}>
          <span style={{ transform: `scaleX(${newest.progress})` }} />
        </div>
      ) : (
        <span className={css.fill}>{newest.reason}</span>
      )}
      <Link to="/jobs/$jobId" params={{ jobId: newest.uid }}>
        {messages.cluster.openJob}
      </Link>
    </div>
  )
}

function Overview(props: { cluster: Cluster }) {
  const { locale, messages } = useLanguage()
  const say = messages.cluster
  const { metadata, spec, status } = props.cluster
  const time = (at: string) => {
    const known = parse(at)
    return known === null ? '' : absolute(known, locale)
  }
  const driver = driverOf(props.cluster)
  const facts: [string, React.ReactNode][] = [
    [say.id, <code key="id">{metadata.uid}</code>],
    [say.phase, <Phase key="phase" phase={status.phase} plain />],
    [say.reason, isMoving(status.phase) ? '' : (status.message ?? status.reason)],
    [say.driver, messages.drivers[driver] ?? driver],
    [say.version, spec.version],
    [say.flavor, spec.flavor],
    [say.category, spec.category],
    [say.endpoint, status.endpoints?.map((each) => <code key={each.type}>{each.url} </code>)],
    [say.vpc, spec.hostNetwork?.vpc],
    [say.subnet, spec.hostNetwork?.subnet],
    [say.podNetwork, [spec.containerNetwork?.mode, spec.containerNetwork?.cidr].filter(Boolean).join(' ')],
    [say.serviceNetwork, spec.kubernetesSvcIpRange],
    [say.protection, spec.deletionProtection ? say.yes : say.no],
    [say.created, time(metadata.creationTimestamp)],
    [say.updated, time(metadata.updateTimestamp)],
  ]
  return (
    <div className={css.two}>
      <section className={css.section}>
        <h2>{say.facts}</h2>
        <dl className={css.facts}>
          {facts
            .filter(([, value]) => value)
            .map(([title, value]) => (
              <Fragment key={title}>
                <dt>{title}</dt>
                <dd>{value}</dd>
              </Fragment>
            ))}
        </dl>
      </section>
      <section className={css.section}>
        <h2>{say.lastJobs}</h2>
        <ClusterJobs cluster={metadata.uid} limit={FEW} />
      </section>
    </div>
  )
}

function ClusterJobs(props: { cluster: string; limit: number }) {
  const { messages } = useLanguage()
  const jobs = useInfiniteQuery(jobsQuery({ cluster: props.cluster }, props.limit))
  if (jobs.isPending) return <Skeleton rows={4} />
  const rows = jobs.data?.pages.flatMap((each) => each.jobs)
  if (!rows) return <Failure error={jobs.error} />
  if (rows.length === 0) return <p className={css.muted}>{messages.cluster.noJobs}</p>
  return (
    <>
      <JobTable rows={rows} label={messages.cluster.jobs} />
      {jobs.hasNextPage && props.limit > FEW && (
        <div className={css.more}>
          <Button onPress={() => void jobs.fetchNextPage()}>{messages.jobs.more}</Button>
        </div>
      )}
    </>
  )
}
