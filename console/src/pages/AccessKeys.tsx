/** One's own access keys: made, seen once, switched off and on, deleted. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState, type FormEvent } from 'react'
import { KEYS, keysQuery, type AccessKey, type Me } from '../api/identity'
import { call, post } from '../api/client'
import { useMessages } from '../i18n'
import { Actions, Button, CopyButton, Dialog, Field } from '../ui/controls'
import { download } from '../ui/download'
import { Chip } from '../ui/phase'
import { Failure, Note, Refused, Skeleton } from '../ui/states'
import { Table } from '../ui/table'
import { Time } from './Clusters'
import { Doings } from './Doings'
import css from './pages.module.css'

interface NewKey extends AccessKey {
  secret: string
}

const MOST = 2

export function Keys(props: { me: Me; lasting: boolean }) {
  const messages = useMessages()
  const say = messages.access
  const queries = useQueryClient()
  const keys = useQuery(keysQuery())
  const [making, setMaking] = useState(false)
  const [removing, setRemoving] = useState<AccessKey | null>(null)
  const change = useMutation({
    mutationFn: (key: AccessKey) =>
      call(`${KEYS}/${key.access}`, {
        method: 'PUT',
        body: { credential: { status: key.status === 'active' ? 'inactive' : 'active' } },
      }),
    onSettled: () => queries.invalidateQueries(keysQuery()),
  })
  return (
    <section className={css.section} aria-label={say.keys}>
      <div className={css.title}>
        <h2 className={css.fill}>{say.keys}</h2>
        <Button
          icon="plus"
          isDisabled={!props.lasting || (keys.data?.length ?? MOST) >= MOST}
          onPress={() => setMaking(true)}
        >
          {say.make}
        </Button>
      </div>
      <p className={css.muted}>{say.keysAbout}</p>
      <Refused error={change.error} />
      {keys.isPending ? (
        <Skeleton rows={2} />
      ) : !keys.data ? (
        <Failure error={keys.error} onRetry={() => void keys.refetch()} />
      ) : keys.data.length === 0 ? (
        <p className={css.muted}>{say.noKeys}</p>
      ) : (
        <Table<AccessKey>
          label={say.keyList}
          rows={keys.data}
          rowKey={(row) => row.access}
          columns={[
            { id: 'key', title: say.key, width: 'minmax(220px, 1.2fr)', cell: (row) => <code>{row.access}</code> },
            {
              id: 'status',
              title: say.status,
              width: '120px',
              cell: (row) => (
                <Chip tone={row.status === 'active' ? 'success' : 'initializing'}>{say.statuses[row.status]}</Chip>
              ),
            },
            { id: 'about', title: say.description, width: 'minmax(120px, 2fr)', cell: (row) => row.description },
            { id: 'created', title: say.created, width: '120px', cell: (row) => <Time at={row.create_time} /> },
            {
              id: 'do',
              title: say.action,
              width: '190px',
              cell: (row) => (
                <Doings
                  of={row.access}
                  isOn={row.status === 'active'}
                  isBusy={change.isPending}
                  onToggle={() => change.mutate(row)}
                  onRemove={() => setRemoving(row)}
                />
              ),
            },
          ]}
        />
      )}
      {making && <MakeKey me={props.me} onClose={() => setMaking(false)} />}
      {removing && <RemoveKey access={removing.access} onClose={() => setRemoving(null)} />}
    </section>
  )
}

function MakeKey(props: { me: Me; onClose: () => void }) {
  const messages = useMessages()
  const say = messages.access
  const queries = useQueryClient()
  const [description, setDescription] = useState('')
  const make = useMutation({
    mutationFn: () => {
      const credential = { user_id: props.me.id, ...(description.trim() && { description: description.trim() }) }
      return post<{ credential: NewKey }>(KEYS, { credential })
    },
    onSettled: () => queries.invalidateQueries(keysQuery()),
  })
  const made = make.data?.credential
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (!make.isPending) make.mutate()
  }
  // What is shown once is not lost by a click beside it, nor by a key.
  const isMade = made !== undefined
  return (
    <Dialog title={made ? say.madeTitle : say.make} isOpen onClose={props.onClose} alert={isMade} keep={isMade}>
      {made ? (
        <>
          <Note>
            <p>{say.madeText}</p>
          </Note>
          <dl className={css.facts}>
            <dt>{say.key}</dt>
            <dd>
              <code>{made.access}</code>
            </dd>
            <dt>{say.secret}</dt>
            <dd>
              <code data-testid="secret">{made.secret}</code>
            </dd>
          </dl>
          <div className={css.buttons}>
            <CopyButton small label={say.copyKey} text={() => made.access} />
            <CopyButton small label={say.copySecret} text={() => made.secret} />
            <Button small autoFocus onPress={() => download(`${made.access}.csv`, csv(made), 'text/csv')}>
              {say.download}
            </Button>
          </div>
          <Actions>
            <Button kind="primary" onPress={props.onClose}>
              {say.done}
            </Button>
          </Actions>
        </>
      ) : (
        <form className={css.form} onSubmit={submit} noValidate>
          <Field
            label={say.description}
            help={say.descriptionHelp}
            value={description}
            onChange={setDescription}
            maxLength={255}
            autoComplete="off"
            autoFocus
          />
          <Refused error={make.error} />
          <Actions>
            <Button onPress={props.onClose}>{messages.app.cancel}</Button>
            <Button type="submit" kind="primary" isPending={make.isPending}>
              {make.isPending ? say.making : say.makeSubmit}
            </Button>
          </Actions>
        </form>
      )}
    </Dialog>
  )
}

/** As the public service's own file has it. */
function csv(key: NewKey): string {
  return `Access Key Id,Secret Access Key\r\n${key.access},${key.secret}\r\n`
}

function RemoveKey(props: { access: string; onClose: () => void }) {
  const messages = useMessages()
  const say = messages.access
  const queries = useQueryClient()
  const remove = useMutation({
    mutationFn: () => call(`${KEYS}/${props.access}`, { method: 'DELETE' }),
    onSuccess: async () => {
      await queries.invalidateQueries(keysQuery())
      props.onClose()
    },
  })
  return (
    <Dialog title={say.removeKeyTitle(props.access)} isOpen onClose={props.onClose} alert>
      <p>{say.removeKeyText}</p>
      <Refused error={remove.error} />
      <Actions>
        <Button onPress={props.onClose}>{messages.app.cancel}</Button>
        <Button kind="danger" isPending={remove.isPending} onPress={() => remove.mutate()}>
          {say.remove}
        </Button>
      </Actions>
    </Dialog>
  )
}
