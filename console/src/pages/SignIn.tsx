/** Sign in with user name and password, by the public identity service. */
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useEffect, useState, type FormEvent } from 'react'
import { hasExpired, session } from '../api/session'
import { NoProject, signIn } from '../api/signin'
import { LOCALES, useLanguage, type Locale } from '../i18n'
import { Button, Field } from '../ui/controls'
import { Note, Refused } from '../ui/states'
import { useTitle } from '../title'
import css from './pages.module.css'

const ACCOUNT = 'clusterwright.account'
const FIRST_ACCOUNT = 'clusterwright'

export function SignIn() {
  const { locale, messages, change } = useLanguage()
  const { signIn: say } = messages
  const search = useSearch({ from: '/signin' })
  const navigate = useNavigate()
  const [account, setAccount] = useState(localStorage.getItem(ACCOUNT) ?? FIRST_ACCOUNT)
  const [user, setUser] = useState('')
  const [password, setPassword] = useState('')
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>(null)
  const [asked, setAsked] = useState(false)
  useTitle(say.title)

  const leave = () => {
    const to = search.next && /^\/(?![/\\])/.test(search.next) ? search.next : '/'
    void navigate({ href: `/console${to === '/' ? '/' : to}`, replace: true })
  }

  useEffect(() => {
    if (session()) leave()
    // Only on the way in: a submitted form leaves by itself.
    // eslint-disable-next-line
  }, [])

  const submit = async (event: FormEvent) => {
    event.preventDefault()
    setAsked(true)
    if (busy || !account || !user || !password) return
    setBusy(true)
    setError(null)
    try {
      await signIn(account.trim(), user.trim(), password)
      localStorage.setItem(ACCOUNT, account.trim())
      leave()
    } catch (failed) {
      setError(failed instanceof NoProject ? say.noProject : failed)
      setBusy(false)
    }
  }
  const wrong = (value: string) => (asked && !value ? { wrong: say.required } : {})

  return (
    <main className={css.sign}>
      <form className={css.card} onSubmit={(event) => void submit(event)} noValidate>
        <div className={css.brand}>
          <img src="/console/icon.svg" alt="" />
          <div>
            <h1>Clusterwright</h1>
            <p className={css.small}>{location.host}</p>
          </div>
        </div>
        {hasExpired() && (
          <Note>
            <p>{say.expired}</p>
          </Note>
        )}
        <Field
          label={say.account}
          help={say.accountHelp}
          value={account}
          onChange={setAccount}
          autoComplete="organization"
          {...wrong(account)}
        />
        <Field
          label={say.user}
          value={user}
          onChange={setUser}
          autoComplete="username"
          autoFocus
          {...wrong(user)}
        />
        <Field
          label={say.password}
          type="password"
          value={password}
          onChange={setPassword}
          autoComplete="current-password"
          {...wrong(password)}
        />
        <Refused error={error} />
        <Button type="submit" kind="primary" isDisabled={busy}>
          {busy ? say.submitting : say.submit}
        </Button>
        <p className={css.small}>{say.where}</p>
        <p className={css.small}>{say.kept}</p>
        <div className={css.languages}>
          {Object.entries(LOCALES).map(([id, name]) => (
            <Button
              key={id}
              kind="quiet"
              small
              aria-current={id === locale ? 'true' : 'false'}
              onPress={() => change(id as Locale)}
            >
              <span lang={id}>{name}</span>
            </Button>
          ))}
        </div>
      </form>
    </main>
  )
}
