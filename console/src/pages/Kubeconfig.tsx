/** A kubeconfig of the cluster, made when it is asked for, shown once. */
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { official, post } from '../api/client'
import type { Cluster } from '../api/types'
import { useMessages } from '../i18n'
import { Actions, Button, CopyButton, Dialog, Select } from '../ui/controls'
import { download } from '../ui/download'
import { Note, Refused } from '../ui/states'
import ui from '../ui/ui.module.css'

const DAYS = [1, 7, 30, 365]

export function KubeconfigDialog(props: { cluster: Cluster; isOpen: boolean; onClose: () => void }) {
  const say = useMessages().kubeconfig
  return (
    <Dialog title={say.title} wide isOpen={props.isOpen} onClose={props.onClose}>
      <Made cluster={props.cluster} onClose={props.onClose} />
    </Dialog>
  )
}

function Made(props: { cluster: Cluster; onClose: () => void }) {
  const messages = useMessages()
  const say = messages.kubeconfig
  const { uid, name } = props.cluster.metadata
  const [days, setDays] = useState('30')
  const make = useMutation({
    mutationFn: () => post<unknown>(official(`/clusters/${uid}/clustercert`), { duration: Number(days) }),
  })
  const text = make.data ? JSON.stringify(make.data, null, 2) : ''
  return (
    <>
      <Note>
        <p>{say.text}</p>
      </Note>
      <Refused error={make.error} />
      {text ? (
        <>
          <Actions>
            <Button onPress={props.onClose}>{messages.app.close}</Button>
            <CopyButton text={() => text} />
            <Button
              kind="primary"
              autoFocus
              onPress={() => download(`${name}.kubeconfig.json`, text, 'application/json')}
            >
              {say.download}
            </Button>
          </Actions>
          <pre className={ui.code} tabIndex={0} aria-label={say.shown}>
            {text}
          </pre>
        </>
      ) : (
        <>
          <Select
            label={say.days}
            value={days}
            onChange={setDays}
            options={DAYS.map((each) => ({ id: String(each), text: say.daysOption(each) }))}
          />
          <Actions>
            <Button onPress={props.onClose}>{messages.app.cancel}</Button>
            <Button kind="primary" isPending={make.isPending} onPress={() => make.mutate()}>
              {make.isPending ? say.making : say.get}
            </Button>
          </Actions>
        </>
      )}
    </>
  )
}
