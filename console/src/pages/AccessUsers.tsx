/** The users of the account; administrators make, switch off and delete them. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState, type FormEvent } from 'react'
import { USERS, usersQuery, type Me, type User } from '../api/identity'
import { call, post } from '../api/client'
import { useMessages } from '../i18n'
import { Actions, Button, Dialog, Field } from '../ui/controls'
import { Chip } from '../ui/phase'
import { Failure, Refused, Skeleton } from '../ui/states'
import { Table, type Column } from '../ui/table'
import { Doings } from './Doings'
import css from './pages.module.css'

export function Users(props: { me: Me; lasting: boolean }) {
  const messages = useMessages()
  const say = messages.access
  const queries = useQueryClient()
  const users = useQuery(usersQuery())
  const [making, setMaking] = useState(false)
  const [removing, setRemoving] = useState<User | null>(null)
  const change = useMutation({
    mutationFn: (user: User) =>
      call(`${USERS}/${user.id}`, { method: 'PATCH', body: { user: { enabled: !user.enabled } } }),
    onSettled: () => queries.invalidateQueries(usersQuery()),
  })
  const columns: Column<User>[] = [
    {
      id: 'name',
      title: say.user,
      width: 'minmax(160px, 1.2fr)',
      cell: (row) => (
        <>
          {row.name}
          {row.id === props.me.id && (
            <span className={css.muted}> ({props.me.isAdministrator ? `${say.you}, ${say.administrator}` : say.you})</span>
          )}
        </>
      ),
    },
    {
      id: 'status',
      title: say.status,
      width: '120px',
      cell: (row) => (
        <Chip tone={row.enabled ? 'success' : 'initializing'}>{row.enabled ? say.enabled : say.disabled}</Chip>
      ),
    },
    { id: 'about', title: say.description, width: 'minmax(120px, 2fr)', cell: (row) => row.description },
  ]
  if (props.me.isAdministrator) {
    columns.push({
      id: 'do',
      title: say.action,
      width: '190px',
      cell: (row) =>
        row.id !== props.me.id && (
          <Doings
            of={row.name}
            isOn={row.enabled}
            isBusy={change.isPending}
            onToggle={() => change.mutate(row)}
            onRemove={() => setRemoving(row)}
          />
        ),
    })
  }
  return (
    <section className={css.section} aria-label={say.users}>
      <div className={css.title}>
        <h2 className={css.fill}>{say.users}</h2>
        {props.me.isAdministrator && (
          <Button icon="plus" isDisabled={!props.lasting} onPress={() => setMaking(true)}>
            {say.makeUser}
          </Button>
        )}
      </div>
      <p className={css.muted}>{say.usersAbout}</p>
      <Refused error={change.error} />
      {users.isPending ? (
        <Skeleton rows={3} />
      ) : !users.data ? (
        <Failure error={users.error} onRetry={() => void users.refetch()} />
      ) : (
        <Table<User> label={say.users} rows={users.data} rowKey={(row) => row.id} columns={columns} />
      )}
      {making && <MakeUser onClose={() => setMaking(false)} />}
      {removing && <RemoveUser user={removing} onClose={() => setRemoving(null)} />}
    </section>
  )
}

function MakeUser(props: { onClose: () => void }) {
  const messages = useMessages()
  const say = messages.access
  const queries = useQueryClient()
  const [name, setName] = useState('')
  const [password, setPassword] = useState('')
  const [description, setDescription] = useState('')
  const [asked, setAsked] = useState(false)
  const make = useMutation({
    mutationFn: () =>
      post(USERS, {
        user: {
          name: name.trim(),
          ...(password && { password }),
          ...(description.trim() && { description: description.trim() }),
        },
      }),
    onSuccess: async () => {
      await queries.invalidateQueries(usersQuery())
      props.onClose()
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    setAsked(true)
    if (name.trim() && !make.isPending) make.mutate()
  }
  return (
    <Dialog title={say.makeUser} isOpen onClose={props.onClose}>
      <form className={css.form} onSubmit={submit} noValidate>
        <Field
          label={say.name}
          help={say.nameHelp}
          value={name}
          onChange={setName}
          maxLength={64}
          autoComplete="off"
          autoFocus
          {...(asked && !name.trim() && { wrong: say.required })}
        />
        <Field
          label={say.password}
          help={say.passwordHelp}
          type="password"
          value={password}
          onChange={setPassword}
          autoComplete="new-password"
        />
        <Field
          label={say.description}
          value={description}
          onChange={setDescription}
          maxLength={255}
          autoComplete="off"
        />
        <Refused error={make.error} />
        <Actions>
          <Button onPress={props.onClose}>{messages.app.cancel}</Button>
          <Button type="submit" kind="primary" isPending={make.isPending}>
            {make.isPending ? say.making : say.makeSubmit}
          </Button>
        </Actions>
      </form>
    </Dialog>
  )
}

function RemoveUser(props: { user: User; onClose: () => void }) {
  const messages = useMessages()
  const say = messages.access
  const queries = useQueryClient()
  const remove = useMutation({
    mutationFn: () => call(`${USERS}/${props.user.id}`, { method: 'DELETE' }),
    onSuccess: async () => {
      await queries.invalidateQueries(usersQuery())
      props.onClose()
    },
  })
  return (
    <Dialog title={say.removeUserTitle(props.user.name)} isOpen onClose={props.onClose} alert>
      <p>{say.removeUserText}</p>
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
