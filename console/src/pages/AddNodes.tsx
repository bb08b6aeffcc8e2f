/** Forms that ask for nodes: some by themselves, a pool of them, another size of a pool. */
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useEffect, useRef, useState, type FormEvent } from 'react'
import { newKey, official, post } from '../api/client'
import type { Cluster, Node, NodePool } from '../api/types'
import { useMessages } from '../i18n'
import { Actions, Button, Dialog, Field } from '../ui/controls'
import { Refused } from '../ui/states'
import css from './pages.module.css'

const NUMBER = /^\d{1,4}$/
const FLAVOR = 's6.large.2'
const KEY_PAIR = 'console'

interface AddProps {
  cluster: Cluster
  kind: 'nodes' | 'pool'
  isOpen: boolean
  onClose: () => void
}

export function AddNodes(props: AddProps) {
  const say = useMessages().nodes
  return (
    <Dialog title={props.kind === 'pool' ? say.poolTitle : say.title} isOpen={props.isOpen} onClose={props.onClose}>
      <Form {...props} />
    </Dialog>
  )
}

function Form(props: AddProps) {
  const messages = useMessages()
  const say = messages.nodes
  const queries = useQueryClient()
  const navigate = useNavigate()
  const { uid, name: cluster } = props.cluster.metadata
  const [name, setName] = useState('workers')
  const [count, setCount] = useState('2')
  const [flavor, setFlavor] = useState(FLAVOR)
  const [keyPair, setKeyPair] = useState(KEY_PAIR)
  const key = useRef(newKey())
  useEffect(() => {
    key.current = newKey()
  }, [name, count, flavor, keyPair])

  const template = {
    flavor,
    az: 'random',
    os: 'EulerOS 2.9',
    login: { sshKey: keyPair },
    rootVolume: { size: 40, volumetype: 'SAS' },
    dataVolumes: [{ size: 100, volumetype: 'SAS' }],
  }
  const add = useMutation({
    mutationFn: (): Promise<Node | NodePool> =>
      props.kind === 'pool'
        ? post<NodePool>(
            official(`/clusters/${uid}/nodepools`),
            {
              kind: 'NodePool',
              apiVersion: 'v3',
              metadata: { name },
              spec: { initialNodeCount: Number(count), nodeTemplate: template },
            },
            key.current,
          )
        : post<Node>(
            official(`/clusters/${uid}/nodes`),
            {
              kind: 'Node',
              apiVersion: 'v3',
              metadata: { name: `${cluster.slice(0, 40)}-node` },
              spec: { ...template, count: Number(count) },
            },
            key.current,
          ),
    onSuccess: (made) => {
      void queries.invalidateQueries()
      props.onClose()
      const job = 'jobID' in made.status ? made.status.jobID : undefined
      if (job) void navigate({ to: '/jobs/$jobId', params: { jobId: job } })
      else void navigate({ to: '/clusters/$clusterId', params: { clusterId: uid }, search: { tab: 'pools' } })
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (NUMBER.test(count) && !add.isPending) add.mutate()
  }
  return (
    <form className={css.form} onSubmit={submit} noValidate>
      {props.kind === 'pool' && <Field label={say.poolName} value={name} onChange={setName} autoComplete="off" />}
      <Field
        label={say.count}
        value={count}
        onChange={setCount}
        inputMode="numeric"
        autoFocus
        {...(!NUMBER.test(count) && { wrong: say.wrong })}
      />
      <Field label={say.flavor} value={flavor} onChange={setFlavor} autoComplete="off" />
      <Field label={say.key} value={keyPair} onChange={setKeyPair} autoComplete="off" />
      <Refused error={add.error} />
      <Actions>
        <Button onPress={props.onClose}>{messages.app.cancel}</Button>
        <Button type="submit" kind="primary" isPending={add.isPending}>
          {add.isPending ? say.submitting : say.submit}
        </Button>
      </Actions>
    </form>
  )
}

export function ScalePool(props: { cluster: string; pool: NodePool | null; onClose: () => void }) {
  const say = useMessages().nodes
  return (
    <Dialog
      title={say.scaleTitle(props.pool?.metadata.name ?? '')}
      isOpen={props.pool !== null}
      onClose={props.onClose}
    >
      {props.pool && <ScaleForm cluster={props.cluster} pool={props.pool} onClose={props.onClose} />}
    </Dialog>
  )
}

function ScaleForm(props: { cluster: string; pool: NodePool; onClose: () => void }) {
  const messages = useMessages()
  const say = messages.nodes
  const queries = useQueryClient()
  const [count, setCount] = useState(String(props.pool.spec.initialNodeCount))
  const scale = useMutation({
    mutationFn: () =>
      post(official(`/clusters/${props.cluster}/nodepools/${props.pool.metadata.uid}/operation/scale`), {
        kind: 'NodePool',
        apiVersion: 'v3',
        spec: { desiredNodeCount: Number(count), scaleGroups: ['default'] },
      }),
    onSuccess: () => {
      void queries.invalidateQueries()
      props.onClose()
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (NUMBER.test(count) && !scale.isPending) scale.mutate()
  }
  return (
    <form className={css.form} onSubmit={submit} noValidate>
      <Field
        label={say.count}
        value={count}
        onChange={setCount}
        inputMode="numeric"
        autoFocus
        {...(!NUMBER.test(count) && { wrong: say.wrong })}
      />
      <Refused error={scale.error} />
      <Actions>
        <Button onPress={props.onClose}>{messages.app.cancel}</Button>
        <Button type="submit" kind="primary" isPending={scale.isPending}>
          {say.scaleSubmit}
        </Button>
      </Actions>
    </form>
  )
}
