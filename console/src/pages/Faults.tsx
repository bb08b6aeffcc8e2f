/** Faults: steps that are made to fail on demand. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState, type FormEvent } from 'react'
import { beside, call, post } from '../api/client'
import { faultsQuery } from '../api/queries'
import type { Fault } from '../api/types'
import { useMessages } from '../i18n'
import { useTitle } from '../title'
import { Actions, Button, Dialog, Field, Select } from '../ui/controls'
import { Chip } from '../ui/phase'
import { Empty, Failure, Note, Refused, Skeleton } from '../ui/states'
import { Table, type Column } from '../ui/table'
import css from './pages.module.css'

const USUAL = 'InstallMaster'
const MOST = 1_000_000

export function FaultsPage() {
  const messages = useMessages()
  const say = messages.faults
  const found = useQuery(faultsQuery())
  const [open, setOpen] = useState<'' | 'arm' | 'clear'>('')
  useTitle(say.title)
  const { data } = found
  const clearable = data?.faults.some((each) => each.scope === 'project') ?? false
  const arm = data?.mayArm && (
    <Button kind="primary" icon="plus" onPress={() => setOpen('arm')}>
      {say.arm}
    </Button>
  )
  return (
    <>
      <div className={css.head}>
        <h1 className={css.fill}>{say.title}</h1>
        {clearable && <Button onPress={() => setOpen('clear')}>{say.clearAll}</Button>}
        {data && data.faults.length > 0 && arm}
      </div>
      <p className={css.about}>{say.about}</p>
      {data && !data.mayArm && (
        <Note>
          <p>{say.forbidden}</p>
        </Note>
      )}
      {found.isPending ? (
        <Skeleton rows={4} />
      ) : !data ? (
        <Failure error={found.error} onRetry={() => void found.refetch()} />
      ) : (
        <>
          {found.isError && <Failure error={found.error} mild />}
          {data.faults.length === 0 ? (
            <Empty title={say.empty}>
              <p>{say.emptyText}</p>
              {arm}
            </Empty>
          ) : (
            <List faults={data.faults} />
          )}
        </>
      )}
      <Dialog title={say.arm} isOpen={open === 'arm'} onClose={() => setOpen('')}>
        <Form steps={data?.steps ?? [USUAL]} onClose={() => setOpen('')} />
      </Dialog>
      {open === 'clear' && <ClearAll onClose={() => setOpen('')} />}
    </>
  )
}

function useClear(onCleared?: () => void) {
  const queries = useQueryClient()
  return useMutation({
    mutationFn: (id: string | null) =>
      call(beside(id === null ? '/faults' : `/faults/${encodeURIComponent(id)}`), { method: 'DELETE' }),
    onSuccess: onCleared,
    onSettled: () => queries.invalidateQueries(faultsQuery()),
  })
}

function List(props: { faults: Fault[] }) {
  const messages = useMessages()
  const say = messages.faults
  const clear = useClear()
  const columns: Column<Fault>[] = [
    { id: 'step', title: say.step, width: 'minmax(150px, 1.2fr)', clip: true, cell: (row) => <code>{row.step}</code> },
    {
      id: 'remaining',
      title: say.remaining,
      width: '130px',
      cell: (row) =>
        row.remaining ? <Chip tone="warning">{say.armed(row.remaining)}</Chip> : <Chip tone="initializing">{say.used}</Chip>,
    },
    { id: 'cluster', title: say.cluster, width: 'minmax(80px, 1fr)', clip: true, cell: (row) => row.cluster ?? say.any },
    {
      id: 'class',
      title: say.className,
      width: '110px',
      cell: (row) => messages.job.causeClasses[row.class] ?? row.class,
    },
    { id: 'kind', title: say.kind, width: '150px', cell: (row) => say.kinds[row.kind] ?? row.kind },
    { id: 'reason', title: say.reason, width: 'minmax(140px, 2fr)', cell: (row) => row.reason },
    { id: 'scope', title: say.scope, width: '120px', cell: (row) => say.scopes[row.scope] ?? row.scope },
    {
      id: 'do',
      title: say.action,
      width: '90px',
      cell: (row) =>
        row.scope !== 'project' ? '' : (
          <Button
            small
            aria-label={say.clearOf(row.step, row.id)}
            isPending={clear.isPending && clear.variables === row.id}
            onPress={() => clear.mutate(row.id)}
          >
            {say.clear}
          </Button>
        ),
    },
  ]
  return (
    <>
      <Refused error={clear.error} />
      <Table<Fault> label={say.list} rows={props.faults} rowKey={(row) => row.id} columns={columns} />
    </>
  )
}

function ClearAll(props: { onClose: () => void }) {
  const messages = useMessages()
  const say = messages.faults
  const clear = useClear(props.onClose)
  return (
    <Dialog title={say.clearAllTitle} isOpen onClose={props.onClose} alert>
      <p>{say.clearAllText}</p>
      <Refused error={clear.error} />
      <Actions>
        <Button onPress={props.onClose}>{messages.app.cancel}</Button>
        <Button kind="danger" isPending={clear.isPending} onPress={() => clear.mutate(null)}>
          {say.clearAll}
        </Button>
      </Actions>
    </Dialog>
  )
}

function Form(props: { steps: string[]; onClose: () => void }) {
  const messages = useMessages()
  const say = messages.faults
  const queries = useQueryClient()
  const [step, setStep] = useState(props.steps.includes(USUAL) ? USUAL : (props.steps[0] ?? ''))
  const [cluster, setCluster] = useState('')
  const [blame, setBlame] = useState('provider')
  const [reason, setReason] = useState('')
  const [kind, setKind] = useState('error')
  const [times, setTimes] = useState('1')
  const wrong = !/^[0-9]{1,7}$/.test(times) || Number(times) < 1 || Number(times) > MOST
  const arm = useMutation({
    mutationFn: () =>
      post<Fault>(beside('/faults'), {
        step,
        kind,
        class: blame,
        times: Number(times),
        ...(cluster.trim() && { cluster: cluster.trim() }),
        ...(reason.trim() && { reason: reason.trim() }),
      }),
    onSuccess: async () => {
      await queries.invalidateQueries(faultsQuery())
      props.onClose()
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (!wrong && !arm.isPending) arm.mutate()
  }
  const classes = Object.entries(messages.job.causeClasses).filter(([id]) => id !== 'unknown')
  return (
    <form className={css.form} onSubmit={submit} noValidate>
      <Select
        label={say.step}
        help={say.stepHelp}
        value={step}
        onChange={setStep}
        options={props.steps.map((id) => ({ id, text: id }))}
      />
      <Field
        label={say.clusterLabel}
        help={say.clusterHelp}
        value={cluster}
        onChange={setCluster}
        autoComplete="off"
        maxLength={128}
      />
      <Field
        label={say.reason}
        help={say.reasonHelp}
        placeholder={say.reasonUsual}
        value={reason}
        onChange={setReason}
        autoComplete="off"
        maxLength={1000}
      />
      <Select
        label={say.className}
        help={say.classHelp}
        value={blame}
        onChange={setBlame}
        options={classes.map(([id, text]) => ({ id, text }))}
      />
      <div className={css.pair}>
        <Select
          label={say.kind}
          value={kind}
          onChange={setKind}
          options={Object.entries(say.kinds).map(([id, text]) => ({ id, text }))}
        />
        <Field
          label={say.times}
          value={times}
          onChange={setTimes}
          inputMode="numeric"
          {...(wrong && { wrong: say.timesBad })}
        />
      </div>
      <Refused error={arm.error} />
      <Actions>
        <Button onPress={props.onClose}>{messages.app.cancel}</Button>
        <Button type="submit" kind="primary" isDisabled={wrong} isPending={arm.isPending}>
          {arm.isPending ? say.submitting : say.submit}
        </Button>
      </Actions>
    </form>
  )
}
