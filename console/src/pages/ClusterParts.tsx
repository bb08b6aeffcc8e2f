/** What is in a cluster: nodes, pools, add-ons; each loads by itself. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { call, official } from '../api/client'
import { addonsQuery, nodesQuery, poolsQuery } from '../api/queries'
import type { Addon, Node, NodePool } from '../api/types'
import { useMessages } from '../i18n'
import { Actions, Button, Dialog } from '../ui/controls'
import { Phase } from '../ui/phase'
import { Failure, Refused, Skeleton } from '../ui/states'
import { Table } from '../ui/table'
import { Time } from './Clusters'
import { ScalePool } from './AddNodes'
import css from './pages.module.css'

export function Nodes(props: { cluster: string }) {
  const messages = useMessages()
  const say = messages.cluster
  const nodes = useQuery(nodesQuery(props.cluster))
  const [deleting, setDeleting] = useState<Node | null>(null)
  if (nodes.isPending) return <Skeleton />
  if (!nodes.data) return <Failure error={nodes.error} onRetry={() => void nodes.refetch()} />
  if (nodes.data.length === 0) return <p className={css.muted}>{say.noNodes}</p>
  return (
    <>
      <Table<Node>
        label={say.nodes}
        rows={nodes.data}
        rowKey={(row) => row.metadata.uid}
        columns={[
          { id: 'name', title: say.name, width: 'minmax(160px, 2fr)', clip: true, cell: (row) => row.metadata.name },
          { id: 'phase', title: say.phase, width: '140px', cell: (row) => <Phase phase={row.status.phase} /> },
          { id: 'flavor', title: say.flavor, width: '140px', cell: (row) => row.spec.flavor },
          { id: 'zone', title: say.zone, width: '120px', cell: (row) => row.spec.az },
          { id: 'address', title: say.address, width: '130px', cell: (row) => row.status.privateIP },
          { id: 'created', title: say.created, width: '110px', cell: (row) => <Time at={row.metadata.creationTimestamp} /> },
          {
            id: 'do',
            title: say.action,
            width: '130px',
            cell: (row) =>
              row.status.jobID && row.status.phase !== 'Active' ? (
                <Link to="/jobs/$jobId" params={{ jobId: row.status.jobID }}>
                  {messages.clusters.follow}
                </Link>
              ) : (
                <Button small kind="quiet" aria-label={say.deleteNode + ' ' + row.metadata.name} onPress={() => setDeleting(row)}>
                  {say.deleteNode}
                </Button>
              ),
          },
        ]}
      />
      {deleting && <DeleteNode cluster={props.cluster} node={deleting} onClose={() => setDeleting(null)} />}
    </>
  )
}

function DeleteNode(props: { cluster: string; node: Node; onClose: () => void }) {
  const messages = useMessages()
  const queries = useQueryClient()
  const { uid, name } = props.node.metadata
  const remove = useMutation({
    mutationFn: () => call(official(`/clusters/${props.cluster}/nodes/${uid}`), { method: 'DELETE' }),
    onSuccess: () => {
      void queries.invalidateQueries()
      props.onClose()
    },
  })
  return (
    <Dialog title={messages.nodes.deleteTitle(name)} isOpen onClose={props.onClose} alert>
      <p>{messages.nodes.deleteText}</p>
      <Refused error={remove.error} />
      <Actions>
        <Button onPress={props.onClose}>{messages.app.cancel}</Button>
        <Button kind="danger" isPending={remove.isPending} onPress={() => remove.mutate()}>
          {messages.cluster.deleteNode}
        </Button>
      </Actions>
    </Dialog>
  )
}

export function Pools(props: { cluster: string }) {
  const messages = useMessages()
  const say = messages.cluster
  const pools = useQuery(poolsQuery(props.cluster))
  const [scaling, setScaling] = useState<NodePool | null>(null)
  if (pools.isPending) return <Skeleton />
  if (!pools.data) return <Failure error={pools.error} onRetry={() => void pools.refetch()} />
  if (pools.data.length === 0) return <p className={css.muted}>{say.noPools}</p>
  return (
    <>
      <Table<NodePool>
        label={say.pools}
        rows={pools.data}
        rowKey={(row) => row.metadata.uid}
        columns={[
          { id: 'name', title: say.name, width: 'minmax(160px, 2fr)', clip: true, cell: (row) => row.metadata.name },
          {
            id: 'wanted',
            title: say.wanted,
            width: '110px',
            cell: (row) => say.current(row.status.currentNode ?? 0, row.spec.initialNodeCount),
          },
          { id: 'phase', title: say.phase, width: '140px', cell: (row) => row.status.phase && <Phase phase={row.status.phase} /> },
          { id: 'flavor', title: say.flavor, width: '140px', cell: (row) => row.spec.nodeTemplate.flavor },
          { id: 'zone', title: say.zone, width: '120px', cell: (row) => row.spec.nodeTemplate.az },
          {
            id: 'do',
            title: say.action,
            width: '130px',
            cell: (row) => (
              <Button small aria-label={say.scale + ' ' + row.metadata.name} onPress={() => setScaling(row)}>
                {say.scale}
              </Button>
            ),
          },
        ]}
      />
      <ScalePool cluster={props.cluster} pool={scaling} onClose={() => setScaling(null)} />
    </>
  )
}

export function Addons(props: { cluster: string }) {
  const messages = useMessages()
  const say = messages.cluster
  const addons = useQuery(addonsQuery(props.cluster))
  if (addons.isPending) return <Skeleton />
  if (!addons.data) return <Failure error={addons.error} onRetry={() => void addons.refetch()} />
  if (addons.data.length === 0) return <p className={css.muted}>{say.noAddons}</p>
  return (
    <Table<Addon>
      label={say.addons}
      rows={addons.data}
      rowKey={(row) => row.metadata.uid}
      columns={[
        { id: 'name', title: say.name, width: 'minmax(140px, 1fr)', clip: true, cell: (row) => row.metadata.name },
        { id: 'status', title: say.status, width: '140px', cell: (row) => <Phase phase={row.status.status} /> },
        { id: 'version', title: say.version, width: '110px', cell: (row) => row.spec.version },
        {
          id: 'about',
          title: say.about,
          width: 'minmax(200px, 3fr)',
          cell: (row) => row.status.Reason || row.status.message || row.spec.description,
        },
      ]}
    />
  )
}
