/** What changes a whole cluster, each asked for once more before it is done. All are there while they are open. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { call, official, post } from '../api/client'
import { versionsQuery } from '../api/queries'
import type { Cluster } from '../api/types'
import { useMessages } from '../i18n'
import { Actions, Button, Dialog, Field, Select } from '../ui/controls'
import { Refused } from '../ui/states'

interface ChangeProps {
  cluster: Cluster
  onClose: () => void
}

/** Hibernate, or wake up what hibernates. */
export function Hibernate(props: ChangeProps) {
  const messages = useMessages()
  const queries = useQueryClient()
  const { name, uid } = props.cluster.metadata
  const asleep = props.cluster.status.phase === 'Hibernation'
  const change = useMutation({
    mutationFn: () => post(official(`/clusters/${uid}/operation/${asleep ? 'awake' : 'hibernate'}`), {}),
    onSuccess: () => {
      void queries.invalidateQueries()
      props.onClose()
    },
  })
  const text = asleep ? messages.cluster.awake : messages.cluster.hibernate
  return (
    <Dialog
      title={asleep ? `${text}: ${name}` : messages.confirm.hibernate(name)}
      isOpen
      onClose={props.onClose}
      alert
    >
      {!asleep && <p>{messages.confirm.hibernateText}</p>}
      <Refused error={change.error} />
      <Actions>
        <Button onPress={props.onClose}>{messages.app.cancel}</Button>
        <Button kind="primary" isPending={change.isPending} onPress={() => change.mutate()}>
          {text}
        </Button>
      </Actions>
    </Dialog>
  )
}

export function Upgrade(props: ChangeProps) {
  const messages = useMessages()
  const { name, uid } = props.cluster.metadata
  const say = messages.confirm
  const queries = useQueryClient()
  const versions = useQuery(versionsQuery())
  const minor = props.cluster.spec.version.split('.').slice(0, 2).join('.')
  const targets = versions.data?.upgradePaths.find((each) => each.version === minor)?.targetVersions ?? []
  const [chosen, setChosen] = useState('')
  const target = chosen || targets[0] || ''
  const upgrade = useMutation({
    mutationFn: () =>
      post(official(`/clusters/${uid}/operation/upgrade`), {
        metadata: { apiVersion: 'v3', kind: 'UpgradeTask' },
        spec: {
          clusterUpgradeAction: {
            targetVersion: target,
            strategy: { type: 'inPlaceRollingUpdate', inPlaceRollingUpdate: { userDefinedStep: 20 } },
          },
        },
      }),
    onSuccess: () => {
      void queries.invalidateQueries()
      props.onClose()
    },
  })
  return (
    <Dialog title={say.upgrade(name)} isOpen onClose={props.onClose} alert>
      {versions.data && targets.length === 0 ? (
        <p>{say.noUpgrade}</p>
      ) : (
        <>
          <p>{say.upgradeText}</p>
          <Select
            label={say.upgradeTo}
            value={target}
            onChange={setChosen}
            options={targets.map((id) => ({ id, text: id }))}
          />
        </>
      )}
      <Refused error={upgrade.error} />
      <Actions>
        <Button onPress={props.onClose}>{messages.app.cancel}</Button>
        <Button kind="primary" isDisabled={!target} isPending={upgrade.isPending} onPress={() => upgrade.mutate()}>
          {messages.cluster.upgrade}
        </Button>
      </Actions>
    </Dialog>
  )
}

/** Delete: what is lost is said, and the name must be typed. */
export function Delete(props: ChangeProps) {
  const messages = useMessages()
  const say = messages.confirm
  const queries = useQueryClient()
  const navigate = useNavigate()
  const { name, uid } = props.cluster.metadata
  const [typed, setTyped] = useState('')
  const remove = useMutation({
    mutationFn: () => call<Cluster>(official(`/clusters/${uid}`), { method: 'DELETE' }),
    onSuccess: (gone) => {
      void queries.invalidateQueries()
      props.onClose()
      const job = gone.status.jobID
      void (job ? navigate({ to: '/jobs/$jobId', params: { jobId: job } }) : navigate({ to: '/' }))
    },
  })
  return (
    <Dialog title={say.deleteTitle(name)} isOpen onClose={props.onClose} alert>
      <p>{say.deleteText}</p>
      <Field label={say.typeName(name)} value={typed} onChange={setTyped} autoComplete="off" />
      <Refused error={remove.error} />
      <Actions>
        <Button onPress={props.onClose}>{messages.app.cancel}</Button>
        <Button kind="danger" isDisabled={typed !== name} isPending={remove.isPending} onPress={() => remove.mutate()}>
          {messages.cluster.remove}
        </Button>
      </Actions>
    </Dialog>
  )
}
