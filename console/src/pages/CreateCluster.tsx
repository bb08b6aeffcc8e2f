/** The form that asks for a cluster. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useEffect, useRef, useState, type FormEvent } from 'react'
import { newKey, official, post } from '../api/client'
import { flavorsQuery, versionsQuery } from '../api/queries'
import type { Cluster } from '../api/types'
import { useMessages } from '../i18n'
import { Actions, Button, Dialog, Field, Select } from '../ui/controls'
import { Refused } from '../ui/states'
import { DRIVER } from './Clusters'
import css from './pages.module.css'

const NAME = /^[a-z][a-z0-9-]{2,126}[a-z0-9]$/
const DRIVERS = ['simulated', 'local']

export function CreateCluster(props: { isOpen: boolean; onClose: () => void }) {
  const messages = useMessages()
  return (
    <Dialog title={messages.create.title} isOpen={props.isOpen} onClose={props.onClose}>
      <Form onClose={props.onClose} />
    </Dialog>
  )
}

function Form(props: { onClose: () => void }) {
  const messages = useMessages()
  const say = messages.create
  const navigate = useNavigate()
  const queries = useQueryClient()
  const flavors = useQuery(flavorsQuery())
  const versions = useQuery(versionsQuery())
  const [name, setName] = useState('')
  const [version, setVersion] = useState('')
  const [flavor, setFlavor] = useState('cce.s1.small')
  const [mode, setMode] = useState('vpc-router')
  const [driver, setDriver] = useState('')
  const [asked, setAsked] = useState(false)
  const key = useRef(newKey())

  const create = useMutation({
    mutationFn: (body: unknown) => post<Cluster>(official('/clusters'), body, key.current),
    onSuccess: (cluster) => {
      void queries.invalidateQueries()
      props.onClose()
      const { jobID } = cluster.status
      if (jobID) void navigate({ to: '/jobs/$jobId', params: { jobId: jobID } })
    },
  })
  // Another wish is another key; the same wish, sent again, is the same cluster.
  useEffect(() => {
    key.current = newKey()
  }, [name, version, flavor, mode, driver])

  const submit = (event: FormEvent) => {
    event.preventDefault()
    setAsked(true)
    if (!NAME.test(name) || create.isPending) return
    create.mutate({
      kind: 'Cluster',
      apiVersion: 'v3',
      metadata: { name, ...(driver && { annotations: { [DRIVER]: driver } }) },
      spec: {
        flavor,
        ...(version && { version }),
        hostNetwork: { vpc: 'default', subnet: 'default' },
        containerNetwork: { mode },
      },
    })
  }

  return (
    <form className={css.form} onSubmit={submit} noValidate>
      <Field
        label={say.name}
        help={say.nameHelp}
        value={name}
        onChange={setName}
        autoFocus
        autoComplete="off"
        {...(asked && !NAME.test(name) && { wrong: say.nameBad })}
      />
      <Select
        label={say.version}
        value={version}
        onChange={setVersion}
        options={[
          { id: '', text: say.newest },
          ...(versions.data?.upgradePaths ?? []).map((each) => ({ id: each.version, text: each.version })),
        ]}
      />
      <Select
        label={say.flavor}
        value={flavor}
        onChange={setFlavor}
        options={(flavors.data?.clusterFlavorSpecs ?? [{ name: flavor, nodeCapacity: 50, isSupportMultiAZ: false }]).map(
          (each) => ({
            id: each.name,
            text: say.flavorOption(each.name, each.nodeCapacity, each.isSupportMultiAZ ? 3 : 1),
          }),
        )}
      />
      <Select
        label={say.network}
        value={mode}
        onChange={setMode}
        options={Object.entries(say.networks).map(([id, text]) => ({ id, text }))}
      />
      <Select
        label={say.driver}
        value={driver}
        onChange={setDriver}
        options={[
          { id: '', text: say.serverChoice },
          ...DRIVERS.map((id) => ({ id, text: messages.drivers[id] ?? id })),
        ]}
        {...(driver && { help: messages.driverMeans[driver] ?? '' })}
      />
      <Refused error={create.error} />
      <Actions>
        <Button onPress={props.onClose}>{messages.app.cancel}</Button>
        <Button type="submit" kind="primary" isPending={create.isPending}>
          {create.isPending ? say.submitting : say.submit}
        </Button>
      </Actions>
    </form>
  )
}
