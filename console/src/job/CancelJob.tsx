/** Asking a job to end: now, or after the steps that run. */
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { Label, Radio, RadioGroup } from 'react-aria-components'
import { beside, post } from '../api/client'
import type { Job } from '../api/types'
import { useMessages } from '../i18n'
import { Actions, Button, Dialog, Field } from '../ui/controls'
import { Refused } from '../ui/states'
import ui from '../ui/ui.module.css'
import type { JobStore } from './store'

export function CancelJob(props: { store: JobStore; job: Job; onClose: () => void }) {
  const messages = useMessages()
  const say = messages.job
  const [mode, setMode] = useState('now')
  const [reason, setReason] = useState('')
  const cancel = useMutation({
    mutationFn: () =>
      post<Job>(beside(`/jobs/${props.job.uid}/cancel`), { mode, ...(reason && { reason }) }),
    onSuccess: (job) => {
      props.store.take(job)
      props.onClose()
    },
  })
  return (
    <Dialog title={say.cancelTitle} isOpen onClose={props.onClose} alert>
      <p>{say.cancelText}</p>
      <RadioGroup className={ui.radios ?? ''} value={mode} onChange={setMode}>
        <Label className={ui.label}>{say.cancelWhen}</Label>
        {Object.entries(say.cancelModes).map(([id, text]) => (
          <Radio key={id} value={id} className={ui.radio ?? ''}>
            {text}
          </Radio>
        ))}
      </RadioGroup>
      <Field label={say.cancelReason} value={reason} onChange={setReason} maxLength={200} autoComplete="off" />
      <Refused error={cancel.error} />
      <Actions>
        <Button onPress={props.onClose}>{messages.app.cancel}</Button>
        <Button kind="danger" isPending={cancel.isPending} onPress={() => cancel.mutate()}>
          {cancel.isPending ? say.cancelling : say.cancelSubmit}
        </Button>
      </Actions>
    </Dialog>
  )
}
