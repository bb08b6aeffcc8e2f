/** Access keys of whoever is signed in, and the users of the account. */
import { useQuery } from '@tanstack/react-query'
import { meQuery } from '../api/identity'
import { useSession } from '../api/session'
import { useMessages } from '../i18n'
import { useTitle } from '../title'
import { Failure, Note, Skeleton } from '../ui/states'
import { Keys } from './AccessKeys'
import { Users } from './AccessUsers'
import css from './pages.module.css'

export function AccessPage() {
  const say = useMessages().access
  const session = useSession()
  const me = useQuery(meQuery())
  useTitle(say.title)
  const lasting = session?.keys === undefined
  return (
    <>
      <div className={css.head}>
        <h1>{say.title}</h1>
      </div>
      {!lasting && (
        <Note>
          <p>{say.byTemporary}</p>
        </Note>
      )}
      {me.isPending ? (
        <Skeleton />
      ) : !me.data ? (
        <Failure error={me.error} onRetry={() => void me.refetch()} />
      ) : (
        <div className={css.stack}>
          <Keys me={me.data} lasting={lasting} />
          <Users me={me.data} lasting={lasting} />
        </div>
      )}
    </>
  )
}
